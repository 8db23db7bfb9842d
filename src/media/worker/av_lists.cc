#include "media/worker/av_lists.h"

namespace coffer::media {

const char* const kFilmFormats =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mp3,flac,wav,w64,ogg,aac,asf,flv,mpegts,mpeg,"
    "mpegvideo,m4v,h264,hevc,obu,ivf,aiff,au,caf,amr,amrnb,amrwb,ac3,eac3,dts,dtshd,truehd,ape,wv,"
    "mpc,mpc8,tta,dv,mxf,rm,dsf,loas,av1,voc,xwma,tak";

const char* const kDecoders =
    // Films of today.
    "h264,hevc,libdav1d,vp8,vp9,mpeg4,mjpeg,prores,dnxhd,cfhd,"
    // Discs, broadcasts, camcorders.
    "mpeg1video,mpeg2video,vc1,dvvideo,theora,"
    // Films of the years before.
    "h263,flv,vp6,vp6a,vp6f,msmpeg4v2,msmpeg4,wmv1,wmv2,wmv3,svq1,svq3,cinepak,msvideo1,qtrle,rv30,"
    "rv40,"
    // Without loss.
    "ffv1,huffyuv,ffvhuff,utvideo,rawvideo,v210,"
    // Pictures, also on their own.
    "png,bmp,tiff,jpeg2000,psd,qoi,pam,pbm,pgm,ppm,"
    // Sound.
    "aac,aac_latm,mp3float,mp2,mp1,opus,vorbis,flac,alac,ac3,eac3,dca,truehd,mlp,wmav1,"
    "wmav2,wmapro,wmalossless,wmavoice,ape,wavpack,mpc7,mpc8,tta,tak,amrnb,amrwb,speex,gsm,gsm_ms,"
    "cook,sipr,atrac3,nellymoser,qdm2,g722,g726,dvaudio,"
    "dsd_lsbf,dsd_msbf,dsd_lsbf_planar,dsd_msbf_planar,"
    "adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,adpcm_swf,adpcm_yamaha,"
    "pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,pcm_u16le,pcm_u16be,pcm_s16le,pcm_s16be,pcm_s16le_planar,"
    "pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_bluray,"
    "pcm_dvd,s302m";

}  // namespace coffer::media
