// Shows one form at a time. What comes from outside becomes text, never markup.
'use strict';

const byId = (id) => document.getElementById(id);
const fields = (form) => Object.fromEntries(new FormData(form));
// What a link carries is behind `#`, so that it reaches no server's log.
const [secretKind, secret] = location.hash.slice(1).split('=');
const wantsDevice = location.pathname === '/device';

function show(id, message = '', good = false) {
  for (const form of document.forms) form.hidden = form.id !== id;
  byId('message').textContent = message;
  byId('message').className = good ? 'good' : '';
  byId('providers').hidden = id !== 'password' && !(id === 'new-password' && secretKind === 'invitation');
  byId(id)?.querySelector('input')?.focus();
}

async function call(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers['content-type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  const text = await answer.text();
  const value = text ? JSON.parse(text) : {};
  if (!answer.ok) throw Object.assign(new Error(value.detail ?? answer.statusText), value);
  return value;
}

// Runs what a form does; an error is shown above it.
function on(id, act) {
  byId(id).addEventListener('submit', async (event) => {
    event.preventDefault();
    await attempt(id, () => act(fields(event.target)));
  });
}

async function attempt(id, act) {
  try {
    await act();
  } catch (error) {
    show(id, error.message);
    byId('organization').hidden = error.code !== 'several_accounts';
  }
}

async function signedIn(state) {
  if (state.status === 'second_factor') return show('second-factor');
  history.replaceState(null, '', location.pathname + location.search);
  for (const name of ['me', 'who']) byId(name).textContent = state.email;
  if (!wantsDevice) return show('signed-in');
  const code = new URLSearchParams(location.search).get('code');
  byId('device').elements.code.value = code ?? '';
  if (code) return attempt('device', () => look(code));
  show('device');
}

async function look(code) {
  const waiting = await call('GET', `/api/device/${encodeURIComponent(code)}`);
  byId('client').textContent = `${waiting.description || 'a command line'} (${waiting.address ?? 'unknown address'})`;
  show('confirm');
}

async function decide(what, message) {
  const code = byId('device').elements.code.value;
  await call('POST', `/api/device/${encodeURIComponent(code)}/${what}`);
  show('', message, true);
}

on('password', async ({ email, password, organization }) => {
  const body = { email, password };
  if (organization) body.organization = organization;
  await signedIn(await call('POST', '/api/sign-in/password', body));
});
on('second-factor', async ({ code }) => {
  const body = /^[\d\s]{6,8}$/.test(code) ? { code } : { recovery_code: code };
  await signedIn(await call('POST', '/api/sign-in/second-factor', body));
});
on('set-up', async (form) => signedIn(await call('POST', '/api/set-up', { token: secret, ...form })));
on('new-password', async ({ password }) => {
  const path = secretKind === 'invitation' ? '/api/sign-in/invitation' : '/api/sign-in/link';
  await signedIn(await call('POST', path, { token: secret, password }));
});
on('device', ({ code }) => look(code));
on('confirm', () => decide('approve', 'Done: your command line is signed in. You can close this page.'));
byId('deny').addEventListener('click', () => attempt('confirm', () => decide('deny', 'Refused.')));
on('signed-in', async () => {
  await call('POST', '/api/sign-out');
  await begin('You are signed out.');
});

byId('passkey').addEventListener('click', () =>
  attempt('password', async () => {
    const { publicKey } = await call('POST', '/api/sign-in/passkey/challenge');
    const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
    const credential = await navigator.credentials.get({ publicKey: options });
    await signedIn(await call('POST', '/api/sign-in/passkey', { credential: credential.toJSON() }));
  }),
);

async function begin(message = '') {
  const offers = await call('GET', '/api/sign-in');
  byId('passkey').hidden = !offers.passkeys || !window.PublicKeyCredential?.parseRequestOptionsFromJSON;
  byId('providers').replaceChildren(
    ...offers.providers.map(({ id, name }) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = `Sign in with ${name}`;
      button.addEventListener('click', () => {
        const query = new URLSearchParams({ return_to: location.pathname + location.search });
        if (secretKind === 'invitation') query.set('invitation', secret);
        location.assign(`/api/sign-in/providers/${id}?${query}`);
      });
      return button;
    }),
  );
  show(secretKind === 'invitation' ? 'new-password' : 'password', message, true);
}

if (secretKind === 'set-up') show('set-up');
else if (secretKind === 'link') show('new-password');
else if (secretKind === 'invitation') begin();
else call('GET', '/api/me').then((me) => signedIn({ status: 'signed_in', ...me }), () => begin());
