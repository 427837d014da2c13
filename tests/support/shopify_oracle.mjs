// Shopify's own library as a witness: one JSON request a line, one JSON answer a line.
// It is always the same moment here, so that the last second of a token can be asked about.
const {key, secret, scopes, now} = JSON.parse(process.env.ORACLE);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) { super(...(given.length ? given : [now * 1000])); }
  static now() { return now * 1000; }
};
const asked = [];
let reply = {};
globalThis.fetch = async (url, options) => {
  asked.push({url: String(url), method: options.method, headers: options.headers, body: JSON.parse(options.body)});
  return new Response(JSON.stringify(reply), {status: 200, headers: {'content-type': 'application/json'}});
};
await import('@shopify/shopify-api/adapters/node');
const {shopifyApi, ApiVersion, LogSeverity, RequestedTokenType} = await import('@shopify/shopify-api');
const {createHmac} = await import('node:crypto');
const readline = await import('node:readline');

const api = shopifyApi({
  apiKey: key, apiSecretKey: secret, apiVersion: ApiVersion.October26, hostName: 'hub.example.com', isEmbeddedApp: true,
  scopes, logger: {level: LogSeverity.Error, log: () => {}}, isTesting: true,
});

function response(headers = {}) {
  const set = (name, value) => { headers[name.toLowerCase()] = value; };
  return {
    statusCode: 0, headers, setHeader: set, getHeaders: () => headers, getHeader: (name) => headers[name.toLowerCase()],
    writeHead(...rest) { Object.entries(rest.at(-1) ?? {}).forEach(([name, value]) => set(name, value)); return this; },
    write() {}, end() {},
  };
}

async function asksFor(call) {
  asked.length = 0;
  await call();
  return asked;
}

async function begin(shop) {
  const rawResponse = response();
  await api.auth.begin({
    shop, callbackPath: '/api/shopify/oauth/callback', isOnline: false,
    rawRequest: {method: 'GET', url: '/', headers: {}}, rawResponse,
  });
  return rawResponse.headers;
}

async function callback({shop, code}) {
  const begun = await begin(shop);
  const state = new URL(begun.location).searchParams.get('state');
  const cookie = [begun['set-cookie']].flat().map((text) => text.split(';')[0]).join('; ');
  const query = new URLSearchParams({code, shop, state, timestamp: String(Math.trunc(Date.now() / 1000))});
  query.set('hmac', createHmac('sha256', secret).update(query.toString()).digest('hex'));
  await api.auth.callback({
    expiring: true, rawRequest: {method: 'GET', url: `/api/shopify/oauth/callback?${query}`, headers: {cookie}},
    rawResponse: response(),
  });
}

const ops = {
  query: ({params}) => api.utils.validateHmac(params),
  shop: ({shop}) => api.utils.sanitizeShop(shop) !== null,
  id_token: ({token}) => api.session.decodeSessionToken(token).then(() => true),
  webhook: ({headers, body}) => api.webhooks
    .validate({rawBody: body, rawRequest: {method: 'POST', url: '/', headers}, rawResponse: response()})
    .then(({valid}) => valid),
  consent: async ({shop}) => (await begin(shop)).location,
  code: (asked) => asksFor(() => callback(asked)),
  exchange: ({shop, token}) => asksFor(() => api.auth.tokenExchange(
    {shop, sessionToken: token, requestedTokenType: RequestedTokenType.OfflineAccessToken, expiring: true})),
  refresh: ({shop, token}) => asksFor(() => api.auth.refreshToken({shop, refreshToken: token})),
};

for await (const line of readline.createInterface({input: process.stdin})) {
  const {op, reply: given, ...rest} = JSON.parse(line);
  reply = given ?? {};
  try {
    console.log(JSON.stringify({ok: true, value: await ops[op](rest)}));
  } catch (error) {
    console.log(JSON.stringify({ok: false, value: `${error.constructor.name}: ${error.message}`}));
  }
}
