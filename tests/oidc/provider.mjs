// The OpenID provider of npm's `oidc-provider`, with one client. Prints its port once it listens.
// Run as: node provider.mjs <folder with node_modules> <port>
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , folder, port] = process.argv;
const found = createRequire(`${folder}/`).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(found));

const GROUPS = { rita: ["reviewers"], noah: ["staff", "admins"] };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "lockgate",
      client_secret: "the client's secret",
      application_type: "native",
      redirect_uris: ["http://127.0.0.1/callback", "http://localhost/api/v1/login/oidc/callback"],
      grant_types: ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
      response_types: ["code"],
    },
  ],
  claims: { openid: ["sub"], profile: ["groups"] },
  conformIdTokenClaims: false,
  features: { deviceFlow: { enabled: true } },
  pkce: { required: () => true },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, groups: GROUPS[sub] ?? [] }) }),
});

provider.listen(Number(port), "127.0.0.1", () => console.log(`listening ${port}`));
