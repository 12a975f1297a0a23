// A real OpenID provider for tests, over TLS on a free port of the loopback. Whoever signs in there is who they say:
// any name, any password. Started by `testkit::openid_provider`.
//
// Arguments: a folder with `server.pem` and `server.key`, in which the port is left as `port` once it answers.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";

import Provider from "oidc-provider";

const folder = process.argv[2];
const read = (name) => readFileSync(join(folder, name));
const server = createServer({ cert: read("server.pem"), key: read("server.key") });

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const redirect = "/login/provider/callback";
  const provider = new Provider(`https://localhost:${port}`, {
    clients: [
      {
        client_id: "postroom",
        client_secret: "a secret of the test & more",
        redirect_uris: [`https://localhost${redirect}`],
        response_types: ["code"],
      },
    ],
    claims: { email: ["email", "email_verified"], profile: ["preferred_username"] },
    cookies: { keys: ["of the test"] },
    findAccount: (_, name) => ({
      accountId: name,
      claims: () => ({
        sub: name,
        preferred_username: name,
        email: `${name}@example.org`,
        email_verified: true,
      }),
    }),
  });
  // the port of the server that people come back to is not known yet
  provider.Client.prototype.redirectUriAllowed = (uri) => {
    const { hostname, pathname } = new URL(uri);
    return hostname === "localhost" && pathname === redirect;
  };
  provider.on("server_error", (_, error) => console.error(error));
  server.on("request", provider.callback());
  writeFileSync(join(folder, "port.new"), `${port}`);
  renameSync(join(folder, "port.new"), join(folder, "port"));
});
