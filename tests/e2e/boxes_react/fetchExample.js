// "React + Fetch" of the document, as it is there but for the box, and exported.
const uploadFile = async (boxId, file, options = {}) => {
  const formData = new FormData();
  formData.append('file', file);
  
  if (options.promptText) {
    formData.append('prompt_text', options.promptText);
  }
  
  if (options.isFavorite) {
    formData.append('is_favorite', options.isFavorite);
  }
  
  if (options.aiModelId) {
    formData.append('ai_model', options.aiModelId);
  }
  
  const response = await fetch(`/api/boxes/${boxId}/upload/`, {
    method: 'POST',
    headers: {
      'Authorization': `Token ${localStorage.getItem('token')}`
    },
    body: formData
  });
  
  if (!response.ok) {
    throw new Error('Upload failed');
  }
  
  return await response.json();
};

export const makeHandler = (boxId) => {
  const handleFileUpload = async (event) => {
    const file = event.target.files[0];
    
    try {
      const asset = await uploadFile(boxId, file, {
        promptText: 'My image',
        isFavorite: true
      });
      
      console.log('Upload successful:', asset);
    } catch (error) {
      console.error('Upload failed:', error);
    }
  };
  return handleFileUpload;
};
