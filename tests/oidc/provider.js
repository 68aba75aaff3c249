// A real OpenID provider and authorization server on loopback, for the tests of signing in and of
// connections. Whoever comes is signed in as the account that `POST /account` has named last, and
// agrees to everything. `GET /counts` tells how often tokens were asked for, by grant; between
// `POST /hold` and `POST /release` nobody gets any.
// Prints its address when it listens; ends with its standard input.
import { createServer } from 'node:http';
import { createHash, generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const settings = JSON.parse(process.argv[2]);

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = privateKey.export({ format: 'jwk' });
jwk.kid = createHash('sha256').update(jwk.n).digest('base64url').slice(0, 16);
jwk.use = 'sig';
jwk.alg = 'RS256';

const provider = new Provider(issuer, {
  clients: settings.clients,
  jwks: { keys: [jwk] },
  pkce: { required: () => true },
  cookies: { keys: ['only for tests'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  // What a test asks about is in the ID token, as Microsoft and Google have it.
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ...settings.configuration,
  async findAccount(_, sub) {
    const account = settings.accounts[sub];
    return account && { accountId: sub, claims: async () => ({ sub, ...account }) };
  },
});

// Redirect addresses hold ids that are made later than this process.
provider.Client.prototype.redirectUriAllowed = (uri) => uri.startsWith(settings.redirect_prefix);

let account = settings.account;

// The person at the provider.
async function interaction(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    const result = { login: { accountId: account } };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

// What is asked of the token endpoint.
const counts = {};
const count = (outcome) => (context) => {
  const grant = `${context.oidc.params?.grant_type ?? 'none'} ${outcome}`;
  counts[grant] = (counts[grant] ?? 0) + 1;
};
provider.on('grant.success', count('granted'));
provider.on('grant.error', count('refused'));
let released = Promise.resolve();
let release = () => {};
let waiting = 0;

const callback = provider.callback();
server.on('request', async (request, response) => {
  if (request.url === '/counts') {
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ ...counts, waiting }));
  }
  if (request.url === '/hold') {
    released = new Promise((resolve) => (release = resolve));
    return response.end();
  }
  if (request.url === '/release') {
    release();
    return response.end();
  }
  if (request.url === '/token') {
    waiting += 1;
    await released;
    waiting -= 1;
  }
  if (request.method === 'POST' && request.url.startsWith('/account/')) {
    account = request.url.slice('/account/'.length);
    return response.end();
  }
  if (!request.url.startsWith('/interaction/')) return callback(request, response);
  interaction(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
});

console.log(issuer);
process.stdin.on('end', () => process.exit(0)).resume();
