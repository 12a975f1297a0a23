// Passkeys: asks the browser for one where a form wants it, and posts what it answers. Without scripts, or in a
// browser that knows no passkeys, these forms stay hidden and everything else works.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => {
    const padded = text.replaceAll("-", "+").replaceAll("_", "/");
    return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) => {
    const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  };

  // the question as `navigator.credentials` wants it: octets come in base64url
  const options = (asked) => {
    const named = (credentials) => credentials?.map((one) => ({ ...one, id: bytes(one.id) }));
    const wanted = { ...asked, challenge: bytes(asked.challenge) };
    if (asked.user) wanted.user = { ...asked.user, id: bytes(asked.user.id) };
    if (asked.excludeCredentials) wanted.excludeCredentials = named(asked.excludeCredentials);
    if (asked.allowCredentials) wanted.allowCredentials = named(asked.allowCredentials);
    return wanted;
  };

  // what the authenticator answered, for the server
  const written = (credential) => {
    const { id, type, rawId, response } = credential;
    const said = { clientDataJSON: text(response.clientDataJSON) };
    if (response.attestationObject) {
      said.attestationObject = text(response.attestationObject);
    } else {
      said.authenticatorData = text(response.authenticatorData);
      said.signature = text(response.signature);
      said.userHandle = response.userHandle?.byteLength ? text(response.userHandle) : null;
    }
    return JSON.stringify({ id, type, rawId: text(rawId), response: said });
  };

  class Told extends Error {}

  const words = (error, site) => {
    if (error instanceof Told) return error.message;
    switch (error?.name) {
      case "NotAllowedError": return "No passkey was chosen, or it took too long. Try again when you are ready.";
      case "InvalidStateError": return "This device has a passkey for you already.";
      case "SecurityError": return `Passkeys work here only at the address of this server, ${site}.`;
      case "ConstraintError":
      case "NotSupportedError": return "This device cannot keep such a passkey. Try a telephone or a security key.";
      default: return "That did not work. Check your connection, then try again.";
    }
  };

  const ask = async (form) => {
    const fields = new URLSearchParams({ csrf: form.elements.csrf.value });
    if (form.elements.for) fields.set("for", form.elements.for.value);
    const answer = await fetch(form.dataset.ask, { method: "POST", body: fields, redirect: "manual" });
    // the server wants something else first, such as a sign-in: it says so on the page itself
    if (answer.type === "opaqueredirect") { location.reload(); throw new Told(""); }
    const said = await answer.json();
    if (!answer.ok) throw new Told(said.told);
    return said;
  };

  let waiting = null;

  // one question at a time: the one that waits beside the name gives way to the button
  const run = async (form, mediation) => {
    waiting?.abort();
    const mine = (waiting = new AbortController());
    const { code, options: asked } = await ask(form);
    if (mine.signal.aborted) return;
    const wanted = { publicKey: options(asked), signal: mine.signal };
    if (mediation) wanted.mediation = mediation;
    const credential =
      form.dataset.passkey === "add"
        ? await navigator.credentials.create(wanted)
        : await navigator.credentials.get(wanted);
    form.elements.code.value = code;
    form.elements.answer.value = written(credential);
    form.submit();
  };

  const start = async (form) => {
    const { site } = form.dataset;
    // the same server under another name: browsers have no passkeys of ours there
    if (location.hostname !== site) return;
    const told = form.querySelector("[role=alert]");
    const button = form.querySelector("button[type=submit]");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (form.getAttribute("aria-busy")) return;
      told.hidden = true;
      form.setAttribute("aria-busy", "true");
      try {
        await run(form);
      } catch (error) {
        const said = words(error, site);
        told.textContent = said;
        told.hidden = said === "";
        button.focus();
      } finally {
        form.removeAttribute("aria-busy");
      }
    });
    form.hidden = false;
    for (const hint of document.querySelectorAll("[data-no-passkeys]")) hint.hidden = true;
    if (!form.hasAttribute("data-beside-name")) return;
    // browsers that can offer passkeys among the names that they fill in
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    run(form, "conditional").catch(() => {});
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) start(form);
})();
