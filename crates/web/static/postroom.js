// What makes the pages smoother where scripts run: copy buttons, showing a password, hints for mail ports, times of
// the person's own clock.
// Everything works without it.
(() => {
  "use strict";

  // what screen readers are told of a press that changes nothing else
  const told = document.createElement("p");
  told.className = "unseen";
  told.setAttribute("role", "status");
  document.body.append(told);

  // <button data-copy="id">: copies the text of that element, or its value
  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    if (!source) return;
    const text = "value" in source ? source.value : source.textContent.trim();
    const label = (button.dataset.label ??= button.textContent);
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      told.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      const chosen = getSelection();
      chosen.removeAllRanges();
      chosen.addRange(range);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => {
      button.textContent = label;
      told.textContent = "";
    }, 2000);
  };

  // <button data-reveal="id">: shows or hides what was typed into that password field
  const reveal = (button) => {
    const field = document.getElementById(button.dataset.reveal);
    if (!field) return;
    const isShown = field.type === "text";
    field.type = isShown ? "password" : "text";
    button.textContent = isShown ? "Show" : "Hide";
    button.setAttribute("aria-label", `${button.textContent} the password`);
    field.focus();
  };

  // <select data-port="id">: fills in the usual port of the chosen kind of TLS, given as data-port on each option
  const fillPort = (select) => {
    const field = document.getElementById(select.dataset.port);
    const usual = Array.from(select.options).map((option) => option.dataset.port).filter(Boolean);
    const port = select.selectedOptions[0]?.dataset.port;
    if (field && port && (field.value === "" || usual.includes(field.value))) field.value = port;
  };

  // <time datetime>: the moment by the clock of this device, for a pointer that rests on it; with data-clock (a time of
  // day) or data-moment (a day and a time) in place of what the server says, which is UTC. Lists stay parted by its days,
  // so a time of another day says which one.
  const local = (at, parts) => new Intl.DateTimeFormat("en-GB", parts).format(at);
  const tellTimes = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const moment = local(at, { dateStyle: "long", timeStyle: "short" });
      if ("moment" in time.dataset) time.textContent = moment;
      else time.title = moment;
      if (!("clock" in time.dataset)) continue;
      const day = at.getDate() === at.getUTCDate() ? {} : { weekday: "short" };
      time.textContent = local(at, { ...day, hour: "2-digit", minute: "2-digit" });
    }
    for (const told of root.querySelectorAll("[data-zone]")) told.textContent = told.dataset.zone;
  };

  const release = (form) => {
    delete form.dataset.posted;
    form.removeAttribute("aria-busy");
  };

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    if (button.dataset.copy) copy(button);
    if (button.dataset.reveal) reveal(button);
  });

  document.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement && event.target.dataset.port) fillPort(event.target);
  });

  // a form is posted once, however often its button is pressed; after a while again, since an answer may have
  // led to another program and left the page as it is
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.posted) { event.preventDefault(); return; }
    form.dataset.posted = "yes";
    form.setAttribute("aria-busy", "true");
    setTimeout(() => release(form), 8000);
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-posted]")) release(form);
  });

  // where a form came back, one stands at once at what is to be corrected; where htmx has put another page in the
  // place of this one, at its beginning, as after a page that was loaded
  const wrong = () => document.querySelector("main form :is([aria-invalid], fieldset[aria-describedby] input)");
  wrong()?.focus();
  tellTimes(document);
  document.addEventListener("htmx:afterSettle", (event) => {
    tellTimes(event.target);
    if (event.target.id === "content") (wrong() ?? event.target).focus();
  });

  // buttons that only work with scripts are shown only then
  document.documentElement.classList.add("has-scripts");
})();
