// Broken if this fails: media does not go over IPv6, or VP9 frames are not sealed as their recipe says. Runs in a
// network namespace of which it takes the IPv4 address away.
import { execFileSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { check, finish, skip, startServer } from '../interop/server.mjs';
import { Person, launchChromium } from './person.mjs';

const address = 'fd77::1';
if (!Object.values(networkInterfaces()).flat().some((i) => i.address === address)) skip('this machine has no IPv6');
execFileSync('ip', ['address', 'del', '10.77.0.1/24', 'dev', 'v100a']);
const server = await startServer('--listen', '[::]:0', '--announce', address);
const browser = await launchChromium();
const prefer = { newContext: async (options) => {
  const context = await browser.newContext(options);
  await context.addInitScript(() => localStorage.setItem('v100.prefs', JSON.stringify({ codec: 'VP9' })));
  return context;
} };
const ways = (person) => person.read(async (c) => {
  const stats = [...(await c.connection.getStats()).values()];
  return {
    to: stats.filter((s) => s.type === 'remote-candidate').map((s) => s.address),
    codecs: stats.filter((s) => s.type === 'codec' && s.mimeType.startsWith('video/')).map((s) => s.mimeType),
  };
});

try {
  const ada = await Person.come(prefer, server, 'Ada');
  const bob = await Person.come(prefer, server, 'Bob', { link: await ada.link() });
  for (const person of [ada, bob]) {
    await person.seesAndHears(1);
    await person.badgeIs('outline');
    const { to, codecs } = await ways(person);
    check(to.length > 0 && to.every((a) => a === address), `${person.name}'s media goes over IPv6 (${to})`);
    check(codecs.length > 0 && codecs.every((c) => c === 'video/VP9'), `${person.name}'s video is VP9`);
  }
  check((await ada.security()).every((p) => p.plaintext === 0), 'encrypted, under a green outline');
} catch (error) {
  check(false, error.stack);
  if (process.env.V100_TEST_VERBOSE) console.log(server.log());
}
await browser.close();
check((await server.stop()) === 0, 'the server drains');
finish();
