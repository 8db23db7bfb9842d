// The WebSocket of the API's document, whose example sends before the connection is open.

interface WebSocketClass {
  new (url: string | URL, protocols?: string | string[]): WebSocket;
}

/**
 * The platform's WebSocket, but that what is sent while it connects is kept until it is open. `realtime`
 * is more than this: it connects again, and misses nothing.
 */
const QueuingWebSocket = function (url: string | URL, protocols?: string | string[]) {
  const socket = new WebSocket(url, protocols);
  const send = socket.send.bind(socket);
  const waiting: Parameters<WebSocket["send"]>[0][] = [];
  socket.send = (data) => {
    if (socket.readyState === 0) waiting.push(data);
    else send(data);
  };
  socket.addEventListener("open", () => waiting.splice(0).forEach((data) => send(data)));
  return socket;
} as unknown as WebSocketClass;

export { QueuingWebSocket as WebSocket };
