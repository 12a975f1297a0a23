// Reads mail with the official TypeScript clients, as a program of somebody else would.
//
// read_mail.mjs MODE stdio PROGRAM [NAME=VALUE ...]
// read_mail.mjs MODE http URL                        with the token in the environment as BEARER
//
// MODE is `auto` for the newer protocol and `legacy` for the older one, both of the newer client, or `sdk` for
// the client before it, which knows the older protocol only.

const [mode, transport, where, ...variables] = process.argv.slice(2);

const TOOLS = [
  "mail_accounts",
  "mail_attachment",
  "mail_folders",
  "mail_invite",
  "mail_people",
  "mail_read",
  "mail_search",
  "mail_thread",
];

const library =
  mode === "sdk"
    ? (module) => import(`@modelcontextprotocol/sdk/client/${module}.js`)
    : (module) => import(`@modelcontextprotocol/client${module === "stdio" ? "/stdio" : ""}`);

function check(what, holds, value) {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(value)}`);
}

async function transportTo() {
  if (transport === "stdio") {
    const { StdioClientTransport } = await library("stdio");
    const env = Object.fromEntries(variables.map((variable) => variable.split(/=(.*)/s, 2)));
    return new StdioClientTransport({ command: where, args: ["stdio"], env });
  }
  const { StreamableHTTPClientTransport } = await library("streamableHttp");
  const headers = { Authorization: `Bearer ${process.env.BEARER}` };
  return new StreamableHTTPClientTransport(new URL(where), { requestInit: { headers } });
}

async function readMail(client) {
  const call = async (name, args = {}) => {
    const result = await client.callTool({ name, arguments: args });
    check(name, !result.isError, result.content);
    return result.structuredContent;
  };
  // from here on both clients hold every answer to the output schema of its tool
  const tools = (await client.listTools()).tools.map((tool) => tool.name);
  check("tools", tools.toSorted().join() === TOOLS.join(), tools);
  const { accounts } = await call("mail_accounts");
  check("accounts", accounts.length === 1, accounts);
  const { folders } = await call("mail_folders");
  check("folders", folders.some((folder) => folder.role === "inbox" && folder.total > 100), folders);
  const found = await call("mail_search", { query: "has:attachment", limit: 3 });
  const ids = found.messages.map((row) => row.id);
  const { messages } = await call("mail_read", { ids });
  check("messages", messages.every((one, n) => one.id === ids[n] && one.attachments?.length > 0), messages);
  const conversation = (await call("mail_thread", { id: ids[0] })).messages;
  check("conversation", conversation.some((one) => one.id === ids[0]), conversation);
  const { index, name } = messages[0].attachments[0];
  const file = await call("mail_attachment", { id: ids[0], index, as: "base64" });
  check("attachment", file.name === name && atob(file.data).length === file.size, file);
  const { people } = await call("mail_people");
  check("people", people.length > 0 && people.every((one) => one.address.includes("@")), people);
  const wrong = await client.callTool({ name: "mail_search", arguments: { query: "frobnicate:x" } });
  check("an unknown operator", wrong.isError && wrong.content[0].text.includes("[bad_query]"), wrong);

  await readResources(client, accounts[0].name);
  await readPrompts(client);
  await completeAccount(client, accounts[0].name);
  return messages.length;
}

async function readResources(client, account) {
  const { resources } = await client.listResources();
  check("resources", resources.some((resource) => resource.uri === "mail://accounts"), resources);
  const { resourceTemplates } = await client.listResourceTemplates();
  const templates = resourceTemplates.map((template) => template.uriTemplate);
  check("templates", templates.includes("mail://{account}/folders"), templates);
  for (const { uri } of resources) {
    const { contents } = await client.readResource({ uri });
    check(uri, contents.length > 0 && contents[0].text.includes(account), contents);
  }
}

async function readPrompts(client) {
  const { prompts } = await client.listPrompts();
  const names = prompts.map((prompt) => prompt.name);
  check("prompts", names.includes("triage_inbox"), names);
  const { messages } = await client.getPrompt({ name: "triage_inbox" });
  check("triage_inbox", messages.length > 0, messages);
}

async function completeAccount(client, account) {
  const ref = { type: "ref/resource", uri: "mail://{account}/folders" };
  const { completion } = await client.complete({ ref, argument: { name: "account", value: account[0] } });
  check("completion", completion.values.includes(account), completion);
}

const { Client } = await library("index");
const negotiation = mode === "sdk" ? {} : { versionNegotiation: { mode } };
const client = new Client({ name: "read_mail", version: "1" }, negotiation);
const connection = await transportTo();
// the older client tells the version that was agreed on to its transport only
let agreed;
const setVersion = connection.setProtocolVersion?.bind(connection);
connection.setProtocolVersion = (version) => {
  agreed = version;
  setVersion?.(version);
};
await client.connect(connection);
console.log(`protocol ${client.getNegotiatedProtocolVersion?.() ?? agreed}`);
console.log(`read ${await readMail(client)} messages`);
// the older protocol ends its session; the newer one has none
await connection.terminateSession?.();
await client.close();
