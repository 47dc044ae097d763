/** Resolves with what `look` returns once that is truthy; fails after 10 s. */
async function until(what, look) {
  const limit = Date.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > limit) throw new Error(`waited in vain for ${what}`);
    await new Promise((later) => setTimeout(later, 5));
  }
}

module.exports = { until };
