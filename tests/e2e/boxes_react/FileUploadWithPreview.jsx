// "Загрузка с frontend + preview" of the document, as it is there; what it leaves to its page, the
// import and the token, stands before it.
import { useState } from 'react';

const token = localStorage.getItem('token');

const FileUploadWithPreview = ({ boxId }) => {
  const [preview, setPreview] = useState(null);
  const [file, setFile] = useState(null);

  const handleFileSelect = (e) => {
    const selectedFile = e.target.files[0];
    setFile(selectedFile);
    
    // Preview
    const reader = new FileReader();
    reader.onloadend = () => {
      setPreview(reader.result);
    };
    reader.readAsDataURL(selectedFile);
  };

  const handleUpload = async () => {
    if (!file) return;
    
    const formData = new FormData();
    formData.append('file', file);
    
    const response = await fetch(`/api/boxes/${boxId}/upload/`, {
      method: 'POST',
      headers: { 'Authorization': `Token ${token}` },
      body: formData
    });
    
    const asset = await response.json();
    console.log('Uploaded:', asset);
  };

  return (
    <div>
      <input type="file" onChange={handleFileSelect} />
      {preview && <img src={preview} alt="Preview" width="200" />}
      <button onClick={handleUpload} disabled={!file}>
        Upload
      </button>
    </div>
  );
};

export default FileUploadWithPreview;
