/* Parameters: each holds its own digits, so no pointer can outlive what it points at. */
#include <stdio.h>

#include "db/internal.h"

struct param param_text(const char *text)
{
    return (struct param){.text = text};
}

struct param param_int(int64_t number)
{
    struct param p = {.own = true};

    (void)snprintf(p.digits, sizeof p.digits, "%lld", (long long)number);
    return p;
}

struct param param_real(double number)
{
    struct param p = {.own = true};

    (void)snprintf(p.digits, sizeof p.digits, "%.9g", number);
    return p;
}

struct param param_bool(bool value)
{
    return (struct param){.text = value ? "t" : "f"};
}

void params_values(const struct param *params, int n, const char **ret)
{
    for (int i = 0; i < n; i++) {
        ret[i] = params[i].own ? params[i].digits : params[i].text;
    }
}
