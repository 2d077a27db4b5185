// How the JavaScript peers of bench/compare are timed: thread CPU time where node tells it, medians
// of runs that are long against its resolution, which is a tick of the kernel (up to 4 ms). Prints
// one JSON object a row.
const runs = 7;
const runMs = Number(process.env.V100_COMPARE_MS ?? 60);

function cpuUs() {
  if (process.threadCpuUsage) {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  }
  return Number(process.hrtime.bigint()) / 1000;
}

export function measure(library, version, operation, work, variant = '') {
  const warmUntil = performance.now() + 2 * runMs; // the JIT's time
  while (performance.now() < warmUntil) work();
  const cpuBegin = cpuUs();
  let perRun = 0;
  for (; cpuUs() - cpuBegin < 1000 * runMs; ++perRun) work();
  const us = [];
  for (let run = 0; run < runs; ++run) {
    const begin = cpuUs();
    for (let i = 0; i < perRun; ++i) work();
    us.push((cpuUs() - begin) / perRun);
  }
  us.sort((a, b) => a - b);
  const row = { library, version, operation, variant };
  console.log(
    JSON.stringify({ ...row, us: us[runs >> 1], us_min: us[0], us_max: us[runs - 1] }),
  );
}

export const kemSets = [512, 768, 1024];
export const signatureSets = [44, 65, 87];
export const message = new Uint8Array(59).fill(7);
