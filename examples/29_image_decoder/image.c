/* stb_image is a header: this makes a library of it. Of the formats that it knows, PNG and JPEG are what is wanted here. */

#define STB_IMAGE_IMPLEMENTATION
#define STBI_NO_STDIO
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#include "stb_image.h"
