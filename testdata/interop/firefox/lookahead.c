// Preloaded into Firefox. Where it has no OpenH264, it encodes H264 with libavcodec and libx264, but leaves the lookahead of
// libx264 on: each picture comes out 40 pictures later, which is too late for the page's connection, so that none is sent.
// This turns the lookahead off, as "-tune zerolatency" does.
#define _GNU_SOURCE
#include <dlfcn.h>

int x264_param_apply_profile(void *parameters, const char *profile) {
	Dl_info caller;
	dladdr(__builtin_return_address(0), &caller); // libavcodec, which has libx264 among its own libraries
	void *library = dlopen(caller.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
	int (*parse)(void *, const char *, const char *) = dlsym(library, "x264_param_parse");
	int (*apply)(void *, const char *) = dlsym(library, "x264_param_apply_profile");
	parse(parameters, "rc-lookahead", "0");
	return apply(parameters, profile);
}
