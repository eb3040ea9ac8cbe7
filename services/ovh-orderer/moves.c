/*
 * A server's life at OVH as one table: from nothing to a machine that lets us in, and from anywhere back.
 *
 * Limits are zero because how long is too long is a setting here, with a text of its own for each wait.
 */
#include "moves.h"

#include "budget.h"
#include "events.h"
#include "goals.h"

#define RELEASING "Releasing the server"

/* clang-format off */
#define STEP(name) static struct err step_##name(struct job *job) { return in_words(job, server_##name(job)); }
STEP(fill_cart)
STEP(check_out)
STEP(reconcile)
STEP(pay)
STEP(start_over)
STEP(await_delivery)
STEP(watch)
STEP(hold)
STEP(give_back)
STEP(prepare)
STEP(rebuild)
STEP(await_rebuild)
STEP(find_address)
STEP(drop_cart)
STEP(let_expire)
STEP(release)
STEP(wipe)

static const struct move moves[] = {
    /* state         goal       action                 then       lease poll tries limit status          people                                      says */
    {"new",          GOAL_UP,   step_fill_cart,        "carted",    150,  5,   8,    0, "ORDERING",     "Choosing the server",                      NULL},
    {"carted",       GOAL_UP,   step_check_out,        "ordered",    90,  5,   8,    0, "ORDERING",     "Ordering the server",                      NULL},
    {"unsure",       GOAL_UP,   step_reconcile,        "ordered",   300,  5,  20,    0, "ORDERING",     "Finding out whether OVH took the order",   NULL},
    {"ordered",      GOAL_UP,   step_pay,              "paid",       90,  5,   8,    0, "ORDERING",     "Paying for the server",                    &server_ordered},
    {"refused",      GOAL_UP,   NULL,                  "ordered",    60,  5,   8,    0, "ORDERING",     "Paying for the server",                    NULL},
    {"cancelled",    GOAL_UP,   step_start_over,       "new",        60,  5,   8,    0, "ORDERING",     "Starting a new order",                     NULL},
    {"paid",         GOAL_UP,   step_await_delivery,   "delivered",  60, 10,  20,    0, "ORDERING",     "Waiting for OVH to deliver the server",    NULL},
    {"late",         GOAL_UP,   step_watch,            "held",       60, 60,  20,    0, "ORDERING",     "Waiting for OVH to deliver the server",    NULL},
    {"held",         GOAL_UP,   step_hold,             "unwanted",   60, 60,  20,    0, "PROVISIONING", "Waiting for a decision about the server",  NULL},
    {"unwanted",     GOAL_UP,   step_give_back,        "cancelled",  60, 15,  20,    0, "ORDERING",     "Releasing the server that came too late",  NULL},
    {"delivered",    GOAL_UP,   step_prepare,          "prepared",   60,  5,  12,    0, "PROVISIONING", "Preparing the server",                     NULL},
    {"prepared",     GOAL_UP,   step_rebuild,          "rebuilding", 60,  5,  12,    0, "PROVISIONING", "Installing the system with your SSH key",  NULL},
    {"rebuilding",   GOAL_UP,   step_await_rebuild,    "rebuilt",    30,  5,  20,    0, "PROVISIONING", "Installing the system with your SSH key",  NULL},
    {"rebuilt",      GOAL_UP,   step_find_address,     "ready",      30,  2,  20,    0, "PROVISIONING", "Waiting for the server's address",         &server_ready},

    {"new",          GOAL_DOWN, step_drop_cart,        "released",  300,  5,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"carted",       GOAL_DOWN, step_drop_cart,        "released",  300,  5,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"unsure",       GOAL_DOWN, step_drop_cart,        "released",  300,  5,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"refused",      GOAL_DOWN, step_let_expire,       "released",   60,  5,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"cancelled",    GOAL_DOWN, step_let_expire,       "released",   60,  5,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"ordered",      GOAL_DOWN, step_let_expire,       "released",   30,  5,   8,    0, NULL,           "Making sure that the order is not paid",   &server_released},
    {"paid",         GOAL_DOWN, step_await_delivery,   "delivered",  60, 10,   8,    0, NULL,           RELEASED_ONCE_DELIVERED, NULL},
    {"late",         GOAL_DOWN, step_await_delivery,   "delivered",  60, 10,   8,    0, NULL,           RELEASED_ONCE_DELIVERED, NULL},
    {"held",         GOAL_DOWN, step_release,          "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"unwanted",     GOAL_DOWN, step_release,          "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"delivered",    GOAL_DOWN, step_release,          "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"prepared",     GOAL_DOWN, step_release,          "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"rebuilding",   GOAL_DOWN, step_release,          "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"rebuilt",      GOAL_DOWN, step_release,          "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"ready",        GOAL_DOWN, step_release,          "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"wiping",       GOAL_DOWN, step_wipe,             "released",   60,  5,   8,    0, NULL,           "Wiping and releasing the server",          &server_released},
};
/* clang-format on */

const struct stage server_stage = {
    .piece = "server",
    .gone = "released",
    .moves = moves,
    .n_moves = sizeof moves / sizeof moves[0],
    .goals = server_goals,
    .n_goals = SERVER_GOALS,
    .uses_secrets = true,
    .world = &orderer_settings,
    .budget = &server_budget,
};
