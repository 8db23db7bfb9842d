// A page with one of the document's examples: `#<example>/<box>`.
import { useState } from 'react';
import { createRoot } from 'react-dom/client';

import { uploadFile } from './axiosExample.js';
import { makeHandler } from './fetchExample.js';
import FileUploader from './FileUploader.jsx';
import FileUploadWithPreview from './FileUploadWithPreview.jsx';

const [example, box] = location.hash.slice(1).split('/');

const Uploader = () => {
  const [assets, setAssets] = useState([]);
  return (
    <>
      <FileUploader boxId={box} onUploadSuccess={(asset) => setAssets((all) => [...all, asset])} />
      <ul>
        {assets.map((asset, at) => (
          <li key={at}>{asset.file_url ? <img src={asset.file_url} alt={asset.asset_type} /> : asset.error}</li>
        ))}
      </ul>
    </>
  );
};

const WithAxios = () => {
  const [shown, setShown] = useState('');
  const upload = (event) =>
    uploadFile(box, event.target.files[0], 'By axios', true).then(
      (asset) => setShown(`${asset.id} ${asset.prompt_text} ${asset.is_favorite}`),
      (error) => setShown(`${error.response.status} ${error.response.data.error}`),
    );
  return (
    <>
      <input type="file" onChange={upload} />
      <output>{shown}</output>
    </>
  );
};

const examples = {
  drop: () => <Uploader />,
  preview: () => <FileUploadWithPreview boxId={box} />,
  fetch: () => <input type="file" onChange={makeHandler(box)} />,
  axios: () => <WithAxios />,
};

createRoot(document.getElementById('root')).render(examples[example]());
