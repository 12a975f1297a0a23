// Connects with the official TypeScript clients the way a program of somebody else does that was given nothing but a
// URL.
//
// connect.mjs MODE URL
//
// It registers, has the person asked by the program that BROWSER names (or, without one, prints `open URL` and
// waits), lists tools and calls one, has its token renewed, revokes it at the server, and must then be refused.
// MODE is `auto` for the newer protocol and `legacy` for the older one, both of the newer client, `sdk` for the
// client before it; `list` stops after the tools.

import { execFile } from "node:child_process";
import { createServer } from "node:http";

const [mode, url] = process.argv.slice(2);

const library =
  mode === "sdk"
    ? (module) => import(`@modelcontextprotocol/sdk/client/${module}.js`)
    : () => import("@modelcontextprotocol/client");

/** Where the person's browser is sent back to. */
class Callback {
  answer = new Promise((resolve) => (this.resolve = resolve));

  async listen() {
    this.server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url, this.url);
      response.setHeader("Connection", "close");
      response.end("You may close this.");
      if (pathname === "/callback") this.resolve(searchParams);
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://localhost:${this.server.address().port}/callback`;
  }
}

/** What the client keeps, and whom it asks. */
class Provider {
  asked = 0;

  constructor(redirectUrl) {
    this.redirectUrl = redirectUrl;
    this.clientMetadata = {
      client_name: "connect.mjs",
      redirect_uris: [redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: mode === "legacy" ? "client_secret_post" : "none",
    };
  }

  clientInformation = () => this.client;
  saveClientInformation = (client) => (this.client = client);
  tokens = () => this.kept;
  saveTokens = (tokens) => (this.kept = tokens);
  state = () => (this.expected = crypto.randomUUID());
  saveCodeVerifier = (verifier) => (this.verifier = verifier);
  codeVerifier = () => this.verifier;
  saveDiscoveryState = (found) => (this.found = found);
  discoveryState = () => this.found;

  invalidateCredentials(what) {
    if (what === "all" || what === "tokens") this.kept = undefined;
    if (what === "all" || what === "client") this.client = undefined;
  }

  redirectToAuthorization(where) {
    this.asked += 1;
    if (this.asked > 1) return;
    if (!process.env.BROWSER) return console.log(`open ${where}`);
    const opened = execFile(process.env.BROWSER, [String(where)], (error, _, errors) => {
      if (!error) return;
      console.error(`the person did not allow it: ${errors}`);
      process.exit(1);
    });
    opened.unref();
  }
}

const { Client } = await library("index");
const { StreamableHTTPClientTransport } = await library("streamableHttp");
const callback = new Callback();
await callback.listen();
const provider = new Provider(callback.url);

async function connect() {
  const negotiation = mode === "sdk" ? {} : { versionNegotiation: { mode: mode === "list" ? "auto" : mode } };
  const client = new Client({ name: "connect", version: "1" }, negotiation);
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  try {
    await client.connect(transport);
    return client;
  } catch (error) {
    if (provider.asked !== 1 || provider.kept) throw error;
  }
  const answer = await callback.answer;
  if (answer.get("state") !== provider.expected) throw new Error(`another state: ${answer}`);
  if (!answer.get("code")) throw new Error(`refused: ${answer}`);
  await (mode === "sdk" ? transport.finishAuth(answer.get("code")) : transport.finishAuth(answer));
  return connect();
}

async function call(client, name) {
  const result = await client.callTool({ name, arguments: {} });
  if (result.isError) throw new Error(`${name}: ${JSON.stringify(result.content)}`);
  return result.structuredContent;
}

async function revoke() {
  const metadata = await (await fetch(new URL("/.well-known/oauth-authorization-server", url))).json();
  const { client_id, client_secret } = provider.client;
  const body = new URLSearchParams({ token: provider.kept.refresh_token, client_id });
  if (client_secret) body.set("client_secret", client_secret);
  const answer = await fetch(metadata.revocation_endpoint, { method: "POST", body });
  if (answer.status !== 200) throw new Error(`revocation: ${answer.status} ${await answer.text()}`);
}

const client = await connect();
const tools = (await client.listTools()).tools.map((tool) => tool.name);
console.log(`tools ${tools.toSorted().join(" ")}`);
if (mode !== "list") {
  console.log(`scopes ${provider.kept.scope}`);
  console.log(`accounts ${(await call(client, "mail_accounts")).accounts.length}`);
  const before = provider.kept;
  provider.kept = { ...before, access_token: "prm_of-another-day" };
  await call(client, "mail_folders");
  const isRotated = provider.kept.refresh_token !== before.refresh_token;
  const isNew = provider.kept.access_token.startsWith("prm_") && provider.kept.access_token !== before.access_token;
  console.log(isNew && isRotated ? "renewed" : "not renewed");
  await revoke();
  // the client cannot renew it either, and would ask the person anew
  const refused = await call(client, "mail_folders").then(() => false, () => provider.asked > 1);
  console.log(refused ? "refused" : "not refused");
}
process.exit(0);
