// The sample's forms as a browser without scripts sends them, or somebody who guesses passwords.

/** The fields of the form at that path of the app, by which it knows which form was sent. They are the same for everybody. */
async function hiddenFields(site, path) {
  const page = await (await fetch(site + path)).text();
  return [...page.matchAll(/<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?/g)].map(([, name, value = '']) => [name, value.replaceAll('&quot;', '"')]);
}

/**
 * Answers how to send the form at that path: with a name and a password, and headers besides that of its own origin. Sent to the app
 * itself, X-Forwarded-For is what a proxy would have seen. `said` is what the page answers, if it is one of ANSWERS.
 */
export async function openForm(site, path) {
  const hidden = await hiddenFields(site, path);
  return async (username, password, headers = {}) => {
    const body = new FormData();
    for (const [name, value] of [...hidden, ['username', username], ['password', password]]) body.append(name, value);
    const response = await fetch(site + path, { method: 'POST', body, redirect: 'manual', headers: { origin: site, ...headers } });
    const page = await response.text();
    return { status: response.status, cookie: response.headers.get('set-cookie'), said: ANSWERS.find((text) => page.includes(text)) };
  };
}

const ANSWERS = ['don’t match', 'Too many tries', 'Too many new accounts', 'Many people are logging in', 'That name is taken'];
