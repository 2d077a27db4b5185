// When the way to the network changes under us: another interface, or one again.

/** Calls back on each change; the returned function ends it. */
export function onNetworkChange(changed: () => void): () => void {
  const connection = (navigator as { connection?: EventTarget }).connection;
  window.addEventListener('online', changed);
  connection?.addEventListener('typechange', changed);
  return () => {
    window.removeEventListener('online', changed);
    connection?.removeEventListener('typechange', changed);
  };
}
