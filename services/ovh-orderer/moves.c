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
static const struct move moves[] = {
    /* state         goal       action                 then       lease poll tries limit status          people                                      says */
    {"new",          GOAL_UP,   server_fill_cart,      "carted",     60,  5,   8,    0, "ORDERING",     "Choosing the server",                      NULL},
    {"carted",       GOAL_UP,   server_check_out,      "ordered",    60,  5,   8,    0, "ORDERING",     "Ordering the server",                      NULL},
    {"unsure",       GOAL_UP,   server_reconcile,      "ordered",    60,  5,  20,    0, "ORDERING",     "Finding out whether OVH took the order",   NULL},
    {"ordered",      GOAL_UP,   server_pay,            "paid",       60,  5,   8,    0, "ORDERING",     "Paying for the server",                    &server_ordered},
    {"refused",      GOAL_UP,   NULL,                  "ordered",    60,  5,   8,    0, "ORDERING",     "Paying for the server",                    NULL},
    {"cancelled",    GOAL_UP,   server_start_over,     "new",        60,  5,   8,    0, "ORDERING",     "Starting a new order",                     NULL},
    {"paid",         GOAL_UP,   server_await_delivery, "delivered",  60, 10,  20,    0, "ORDERING",     "Waiting for OVH to deliver the server",    NULL},
    {"delivered",    GOAL_UP,   server_prepare,        "prepared",   60,  5,  12,    0, "PROVISIONING", "Preparing the server",                     NULL},
    {"prepared",     GOAL_UP,   server_rebuild,        "rebuilding", 60,  5,  12,    0, "PROVISIONING", "Installing the system with your SSH key",  NULL},
    {"rebuilding",   GOAL_UP,   server_await_rebuild,  "rebuilt",    30,  5,  20,    0, "PROVISIONING", "Installing the system with your SSH key",  NULL},
    {"rebuilt",      GOAL_UP,   server_find_address,   "ready",      30,  2,  20,    0, "PROVISIONING", "Waiting for the server's address",         &server_ready},

    {"new",          GOAL_DOWN, server_drop_cart,      "released",   60,  5,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"carted",       GOAL_DOWN, server_drop_cart,      "released",   60,  5,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"unsure",       GOAL_DOWN, server_drop_cart,      "released",   60,  5,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"refused",      GOAL_DOWN, server_drop_cart,      "released",   60,  5,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"cancelled",    GOAL_DOWN, server_drop_cart,      "released",   60,  5,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"ordered",      GOAL_DOWN, server_let_expire,     "released",   30,  5,   8,    0, NULL,           "Making sure that the order is not paid",   &server_released},
    {"paid",         GOAL_DOWN, server_await_delivery, "delivered",  60, 10,   8,    0, NULL,           RELEASED_ONCE_DELIVERED, NULL},
    {"delivered",    GOAL_DOWN, server_release,        "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"prepared",     GOAL_DOWN, server_release,        "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"rebuilding",   GOAL_DOWN, server_release,        "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"rebuilt",      GOAL_DOWN, server_release,        "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
    {"ready",        GOAL_DOWN, server_release,        "released",   60, 15,   8,    0, NULL,           RELEASING,                                  &server_released},
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
