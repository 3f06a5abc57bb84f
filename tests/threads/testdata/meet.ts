/** Waits until two threads are here. */
export function meet(): Promise<void> {
  const channel = new BroadcastChannel("beat.meet");
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data === "here") channel.postMessage("here as well");
      resolve();
    };
    channel.postMessage("here");
  });
}
