// Broken if this fails: Chromium and Firefox cannot call each other end-to-end encrypted. Runs in a network namespace:
// Firefox never uses loopback addresses for media.
import { need } from '../interop/lib.mjs';
import { check, finish, startServer } from '../interop/server.mjs';
import { Person, launchChromium, launchFirefox } from './person.mjs';

need('chromium', 'firefox');
const server = await startServer('--listen', '0.0.0.0:0');
const chromium = await launchChromium(), firefox = await launchFirefox();

try {
  const ada = await Person.come(chromium, server, 'Ada');
  const bob = await Person.come(firefox, server, 'Bob', { link: await ada.link() });
  await ada.seesAndHears(1);
  await bob.seesAndHears(1);
  check(true, 'Chromium and Firefox see and hear each other');
  for (const person of [ada, bob]) await person.badgeIs('outline', 20000);
  check(true, 'both badges are green outline at first use');
  const [codeA, codeB] = [await ada.code(await bob.leaf()), await bob.code(await ada.leaf())];
  check(codeA.digits === codeB.digits, 'both see the same 60 digits');
  await ada.compare(bob);
  await bob.compare(ada);
  check(true, 'after comparing, both badges are green');
  await bob.page.getByTestId('chat').click();
  await bob.page.getByTestId('chat-input').fill('hello from a fox');
  await bob.page.getByTestId('chat-send').click();
  await ada.until((c) => c.chat.peek().some((m) => m.text === 'hello from a fox' && m.name === 'Bob'), 'the chat message');
  check(true, 'chat arrives');
  check((await bob.security()).every((p) => p.plaintext === 0), 'no plaintext frame');
  await bob.leave();
  await ada.until((c) => c.participants.peek().filter((p) => p.accepted).length === 1, 'alone again');
  check(true, 'Firefox leaves');
  for (const person of [ada, bob]) check(person.errors.length === 0, `no script error at ${person.name}: ${person.errors}`);
} catch (error) {
  check(false, error.stack);
  if (process.env.V100_TEST_VERBOSE) console.log(server.log());
}
await firefox.close();
await chromium.close();
check((await server.stop()) === 0, 'the server drains');
finish();
