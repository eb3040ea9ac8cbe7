/* Tasks and their queues. */
#include "runner/task.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static void wipe_free(char *text)
{
    if (text) {
        OPENSSL_cleanse(text, strlen(text));
        free(text);
    }
}

void task_free(struct task *task)
{
    if (task) {
        wipe_free(task->notes);
        wipe_free(task->sealed);
        wipe_free(task->settle);
        free(task->state);
        free(task->change);
        free(task);
    }
}

void queue_init(struct task_queue *q)
{
    *q = (struct task_queue){0};
    q->last = &q->first;
    (void)pthread_mutex_init(&q->lock, NULL);
    (void)pthread_cond_init(&q->filled, NULL);
}

void queue_release(struct task_queue *q)
{
    struct task *task = queue_take_all(q);

    while (task) {
        struct task *next = task->next;
        task_free(task);
        task = next;
    }
    (void)pthread_mutex_destroy(&q->lock);
    (void)pthread_cond_destroy(&q->filled);
}

void queue_put(struct task_queue *q, struct task *task)
{
    task->next = NULL;
    (void)pthread_mutex_lock(&q->lock);
    *q->last = task;
    q->last = &task->next;
    q->n++;
    (void)pthread_cond_signal(&q->filled);
    (void)pthread_mutex_unlock(&q->lock);
}

struct task *queue_take(struct task_queue *q)
{
    (void)pthread_mutex_lock(&q->lock);
    while (!q->first && !q->closed) {
        (void)pthread_cond_wait(&q->filled, &q->lock);
    }
    struct task *task = q->closed ? NULL : q->first;
    if (task) {
        q->first = task->next;
        q->n--;
        if (!q->first) {
            q->last = &q->first;
        }
        task->next = NULL;
    }
    (void)pthread_mutex_unlock(&q->lock);
    return task;
}

struct task *queue_take_all(struct task_queue *q)
{
    (void)pthread_mutex_lock(&q->lock);
    struct task *chain = q->first;
    q->first = NULL;
    q->last = &q->first;
    q->n = 0;
    (void)pthread_mutex_unlock(&q->lock);
    return chain;
}

void queue_close(struct task_queue *q)
{
    (void)pthread_mutex_lock(&q->lock);
    q->closed = true;
    (void)pthread_cond_broadcast(&q->filled);
    (void)pthread_mutex_unlock(&q->lock);
}
