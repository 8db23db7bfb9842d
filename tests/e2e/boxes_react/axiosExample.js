// "Axios пример" of the document, as it is there but for the base URL, and exported.
import axios from 'axios';

const api = axios.create({
  baseURL: '/api',
  headers: {
    'Authorization': `Token ${localStorage.getItem('token')}`
  }
});

export const uploadFile = async (boxId, file, promptText = '', isFavorite = false) => {
  const formData = new FormData();
  formData.append('file', file);
  formData.append('prompt_text', promptText);
  formData.append('is_favorite', isFavorite);
  
  const { data } = await api.post(`/boxes/${boxId}/upload/`, formData, {
    headers: {
      'Content-Type': 'multipart/form-data'
    }
  });
  
  return data;
};
