/* --help and its like: answered without any setting. */
#include "service/options.h"

#include <stdio.h>
#include <string.h>

#include "base/crash.h"
#include "runner/stage.h"
#include "service/settings.h"

#ifndef VERSION
#define VERSION "dev"
#endif

int options_answer(const struct service *service, const char *option)
{
    if (strcmp(option, "--help") == 0) {
        service_settings_help(service);
        return 0;
    }
    if (strcmp(option, "--version") == 0) {
        return printf("%s %s\n", service->name, VERSION) < 0;
    }
    if (strcmp(option, "--graph") == 0 && service->stage) {
        stage_print_graph(service->stage, stdout);
        return 0;
    }
    if (strcmp(option, "--crash-points") == 0) { /* for tests that want to try each */
        crash_places_print(stdout);
        return 0;
    }
    (void)fprintf(stderr, "%s: unknown option '%s' (see --help)\n", service->name, option);
    return EXIT_BAD_SETTINGS;
}
