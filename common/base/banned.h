/* Functions that have hurt everybody: using one is a compile error. Forced in by the Makefile. */
#pragma once

#ifndef __cplusplus
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#pragma GCC poison strcpy strcat sprintf vsprintf strtok strncpy strncat atoi atol atoll localtime \
    gmtime gets
#endif
