// If this fails, frames that go around the transform are not noticed, or a slow page is alarmed by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SentGuard } from './sent.ts';

test('an honest sender is never doubted, however late its page or its worker counts', () => {
  const guard = new SentGuard();
  let seen = 0;
  let sent = 0;
  let told = 0;
  for (let second = 0; second < 600; second += 2) {
    sent += 150;
    const behind = second % 10 === 0 ? 170 : 4; // a busy worker: a queue of two seconds
    const late = second % 14 === 0 ? 900 : 0; // a count that comes long after it was made
    seen = Math.max(seen, sent - behind);
    told = Math.max(told, sent - late);
    guard.note(1, told, seen, second * 1000);
    assert.equal(guard.bad(1, second * 1000), false, `${second}`);
  }
  guard.note(1, 0, seen, 603_000); // a new stream counts anew
  guard.note(1, 40, seen + 40, 605_000);
  guard.note(1, 80, seen + 80, 607_000);
  assert.equal(guard.bad(1, 607_000), false);
  guard.note(1, 300, seen + 80, 609_000); // and is held to it
  guard.note(1, 300, seen + 80, 611_000);
  assert.equal(guard.bad(1, 611_000), true);
});

test('a sender whose frames go around the transform is found, and named until it is long over', () => {
  const guard = new SentGuard();
  guard.note(1, 100, 104, 0);
  guard.note(2, 100, 104, 0);
  for (let i = 1; i <= 3; i++) {
    guard.note(1, 100 + 60 * i, 104, i * 2000);
    guard.note(2, 100 + 60 * i, 104 + 60 * i, i * 2000);
  }
  assert.equal(guard.bad(1, 6000), true);
  assert.equal(guard.bad(2, 6000), false);
  for (let i = 4; i <= 20; i++) guard.note(1, 280 + 60 * (i - 3), 104 + 60 * (i - 3), i * 2000);
  assert.equal(guard.bad(1, 34_000), true);
  assert.equal(guard.bad(1, 40_001), false);
  assert.equal(guard.bad(9, 0), false);
});
