// Sends a mail that needs approval with the official TypeScript clients, and answers the question for the person.
//
// send_mail.mjs MODE ANSWER stdio PROGRAM [NAME=VALUE ...]
// send_mail.mjs MODE ANSWER http URL                with the token in the environment as BEARER
//
// MODE is `auto` for the newer protocol and `legacy` for the older one, both of the newer client, or `sdk` for
// the client before it. ANSWER is `accept`, `decline` or `cancel`.

const [mode, action, transport, where, ...variables] = process.argv.slice(2);

const LETTER = {
  to: ["Bob <bob@example.org>"],
  bcc: ["carla@example.org"],
  subject: "Plans",
  body: "Dear Bob,\n\nhere they are.",
};

const library =
  mode === "sdk"
    ? (module) => import(`@modelcontextprotocol/sdk/${module === "types" ? "" : "client/"}${module}.js`)
    : (module) => import(`@modelcontextprotocol/client${module === "stdio" ? "/stdio" : ""}`);

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

const { Client } = await library("index");
const negotiation = mode === "sdk" ? {} : { versionNegotiation: { mode } };
const capabilities = { elicitation: { form: {} } };
const client = new Client({ name: "send_mail", version: "1" }, { capabilities, ...negotiation });
const asked = [];
const question = mode === "sdk" ? (await library("types")).ElicitRequestSchema : "elicitation/create";
client.setRequestHandler(question, async ({ params }) => {
  asked.push(params.message);
  return action === "accept" ? { action, content: { approve: true } } : { action };
});
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
const result = await client.callTool({ name: "mail_send", arguments: LETTER });
const isShown = asked.length === 1 && asked[0].includes("carla@example.org") && asked[0].includes("Plans");
if (result.isError || !isShown) throw new Error(JSON.stringify({ result, asked }));
console.log(`status ${result.structuredContent.status}`);
await connection.terminateSession?.();
await client.close();
