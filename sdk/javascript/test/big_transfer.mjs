// Uploads and downloads a stream of many bytes; prints how many, and the most memory that was taken.
import { MediaVault } from "@mediavault/sdk";

const [baseUrl, token, size] = process.argv.slice(2);
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
let received = 0;
for await (const chunk of await vault.media.download(media.id)) received += chunk.length;
await vault.media.delete(media.id, { permanent: true });
console.log(JSON.stringify({ sent: Number(size), received, peak: process.resourceUsage().maxRSS * 1024 }));
