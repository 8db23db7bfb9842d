// "React компонент с drag-and-drop" of the document, as it is there, and exported.
import React, { useState } from 'react';

const FileUploader = ({ boxId, onUploadSuccess }) => {
  const [uploading, setUploading] = useState(false);
  const [dragOver, setDragOver] = useState(false);

  const handleUpload = async (file) => {
    setUploading(true);
    
    try {
      const formData = new FormData();
      formData.append('file', file);
      formData.append('prompt_text', '');
      
      const response = await fetch(`/api/boxes/${boxId}/upload/`, {
        method: 'POST',
        headers: {
          'Authorization': `Token ${localStorage.getItem('token')}`
        },
        body: formData
      });
      
      const asset = await response.json();
      onUploadSuccess(asset);
    } catch (error) {
      console.error('Upload error:', error);
    } finally {
      setUploading(false);
    }
  };

  const handleDrop = (e) => {
    e.preventDefault();
    setDragOver(false);
    
    const file = e.dataTransfer.files[0];
    if (file) {
      handleUpload(file);
    }
  };

  const handleFileChange = (e) => {
    const file = e.target.files[0];
    if (file) {
      handleUpload(file);
    }
  };

  return (
    <div
      onDragOver={(e) => { e.preventDefault(); setDragOver(true); }}
      onDragLeave={() => setDragOver(false)}
      onDrop={handleDrop}
      style={{
        border: dragOver ? '2px dashed blue' : '2px dashed gray',
        padding: '40px',
        textAlign: 'center'
      }}
    >
      {uploading ? (
        <p>Uploading...</p>
      ) : (
        <>
          <p>Drag and drop file here or</p>
          <input
            type="file"
            onChange={handleFileChange}
            accept="image/*,video/*"
          />
        </>
      )}
    </div>
  );
};

export default FileUploader;
