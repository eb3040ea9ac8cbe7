/* What a machine or a cart at OVH means to our rows. Acting is for what is certain; the rest is said. */
#include <string.h>

#include "base/ids.h"
#include "sweep.h"

enum { CART_GRACE_S = 3600, ORDER_DIES_S = 2 * 86400 };

static const struct verdict fine = {.next = MACHINE_DONE};

static struct verdict next(enum machine_next what)
{
    return (struct verdict){.next = what};
}

static struct verdict say(enum machine_next what, const char *kind, const char *words)
{
    return (struct verdict){.next = what, .kind = kind, .words = words};
}

/* Its row released it, so OVH should not renew it. Whose it is now, the name tells. */
static struct verdict of_released_row(const struct machine *m, const struct server_row *row)
{
    if (!m->service) {
        return next(MACHINE_ASK_END);
    }
    if (m->service->ends) {
        return fine;
    }
    if (!m->vps) {
        return next(MACHINE_LOOK);
    }
    const char *mark = m->vps->exists ? mark_of(m->vps->display_name) : NULL;
    if (!m->vps->exists) {
        return fine;
    }
    if (!mark || strcmp(mark, id_short(row->id)) != 0) {
        return say(MACHINE_DONE, "released server that renews",
                   "Its deployment has released it, it no longer carries our mark, and OVH will "
                   "bill it again: somebody uses it, or forgot it");
    }
    return say(MACHINE_RELEASE, "released server that renews",
               "Its deployment has released it, and OVH would have billed it again");
}

static struct verdict of_marked(const struct machine *m, const struct server_row *marked)
{
    if (!marked) {
        return say(MACHINE_DONE, "unknown server",
                   "A server with our mark, of a deployment that is not in this database: another "
                   "installation's, or lost with a backup. End it at OVH if nobody needs it");
    }
    if (server_row_gone(marked)) {
        return say(
            MACHINE_RELEASE, "orphaned server",
            "A server of a deployment that has none any more; OVH would have billed it again");
    }
    if (strcmp(marked->service, m->name) == 0) {
        return fine; /* delivered since the rows were read */
    }
    bool awaits = marked->exists && marked->order > 0 && !marked->service[0] && !marked->busy &&
                  !marked->parked && strcmp(marked->state, "paid") == 0;
    if (awaits) {
        return say(
            MACHINE_ADOPT, "server its row does not know",
            "A server of a deployment that still waits for one; it looks again at its order");
    }
    return say(MACHINE_DONE, "second server",
               "A server with the mark of a deployment that has another one, or ordered none; an "
               "operator must look");
}

struct verdict machine_judge(const struct machine *m, const struct server_row *row,
                             const struct server_row *marked)
{
    if (row && !server_row_gone(row)) {
        return fine; /* its moves look after it */
    }
    if (row) {
        return of_released_row(m, row);
    }
    if (!m->vps) {
        return next(MACHINE_LOOK);
    }
    if (!m->vps->exists || !mark_of(m->vps->display_name)) {
        return fine; /* not ours */
    }
    if (!m->service) {
        return next(MACHINE_ASK_END);
    }
    return m->service->ends ? fine : of_marked(m, marked);
}

/* Does it need its open cart? What gave up while it chose finds none of use when it is retried: it chooses anew. */
static bool choosing(const struct server_row *row)
{
    static const char *const states[] = {"new", "carted", "unsure"};

    if (row->exists && row->failed && strcmp(row->state, "new") == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (row->exists && strcmp(row->state, states[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* An order that nobody paid is cancelled by OVH after a day; while the deployment lives it stands in its way. */
static struct verdict checked_out(const char *id, const struct server_row *row, int64_t age)
{
    bool known =
        row->order > 0 || strcmp(row->cart, id) == 0 || strstr(row->dead_carts, id) != NULL;
    bool over = server_row_gone(row) && age > ORDER_DIES_S;

    if (known || over || row->busy) {
        return fine;
    }
    return say(
        MACHINE_DONE, "order its row does not know",
        "A cart of this deployment was checked out into an order that its row does not know; "
        "unpaid it expires by itself, an operator must look whether it was paid");
}

struct verdict cart_judge(const char *id, const struct ovh_found_cart *cart,
                          const struct server_row *row, int64_t now)
{
    int64_t age = now - (cart->expires - (int64_t)OVH_CART_DAYS * 86400);

    if (!cart->exists || !row || cart->expires == 0) {
        return fine;
    }
    if (cart->validated) {
        return checked_out(id, row, age);
    }
    bool of_no_use = server_row_gone(row) || (row->exists && !choosing(row));
    if (!of_no_use || row->busy || age < CART_GRACE_S) {
        return fine;
    }
    struct verdict v = say(MACHINE_DONE, "abandoned cart",
                           "An open cart of a deployment that needs none any more");
    v.drop = true;
    return v;
}
