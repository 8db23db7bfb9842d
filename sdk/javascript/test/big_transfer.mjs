// Uploads and downloads many bytes, as a stream and as a file; prints how many came back, and the most
// memory that was taken.
import { MediaVault } from "@mediavault/sdk";

const [baseUrl, token, size, path] = process.argv.slice(2);
const vault = new MediaVault({ baseUrl, tokens: { token } });
const block = new Uint8Array(256 << 10);

async function* stream() {
  const view = new DataView(block.buffer);
  for (let left = Number(size), number = 0; left > 0; left -= block.length) {
    view.setUint32(0, number++);
    yield left < block.length ? block.slice(0, left) : block.slice();
  }
}

const media = await vault.media.upload(stream, { filename: "big.bin" });
await vault.media.downloadTo(media.id, path);
const again = await vault.media.upload(path);
let received = 0;
for await (const chunk of await vault.media.download(again.id)) received += chunk.length;
for (const { id } of [media, again]) await vault.media.delete(id, { permanent: true });
console.log(JSON.stringify({ sent: Number(size), received, peak: process.resourceUsage().maxRSS * 1024 }));
