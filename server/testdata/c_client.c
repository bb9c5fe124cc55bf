/* A program for the C client: it prints what it sees. The argument is host:port. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pthread.h>
#include <zookeeper/zookeeper.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int connected, expired, answered, told;
static char events[10000];

static void count(int *what) {
    pthread_mutex_lock(&mutex);
    ++*what;
    pthread_mutex_unlock(&mutex);
}

static void until(const char *what, int *n, int wanted) {
    for (int i = 0; ; i++) {
        pthread_mutex_lock(&mutex);
        int now = *n;
        pthread_mutex_unlock(&mutex);
        if (now >= wanted)
            return;
        if (i == 2000) {
            printf("never: %s\n", what);
            exit(1);
        }
        usleep(10000);
    }
}

static void session(zhandle_t *zh, int type, int state, const char *path, void *ctx) {
    if (type == ZOO_SESSION_EVENT && state == ZOO_CONNECTED_STATE)
        count(&connected);
    if (type == ZOO_SESSION_EVENT && state == ZOO_EXPIRED_SESSION_STATE)
        count(&expired);
}

static void watch(zhandle_t *zh, int type, int state, const char *path, void *ctx) {
    if (type == ZOO_SESSION_EVENT)
        return;
    pthread_mutex_lock(&mutex);
    size_t used = strlen(events);
    snprintf(events + used, sizeof(events) - used, " %s:%d:%s", (const char *)ctx, type, path);
    told++;
    pthread_mutex_unlock(&mutex);
}

static void say(const char *what, int rc, const struct Stat *s) {
    printf("%s: %d", what, rc);
    if (rc == ZOK && s)
        printf(" version %d cversion %d aversion %d length %d children %d owner %d", s->version, s->cversion,
               s->aversion, s->dataLength, s->numChildren, s->ephemeralOwner != 0);
    printf("\n");
}

static int order(const void *a, const void *b) {
    return strcmp(*(char **)a, *(char **)b);
}

static void strings(const char *what, int rc, struct String_vector *v) {
    printf("%s: %d", what, rc);
    if (rc == ZOK)
        qsort(v->data, v->count, sizeof(char *), order);
    for (int i = 0; rc == ZOK && i < v->count; i++)
        printf(" %s", v->data[i]);
    printf("\n");
    if (rc == ZOK)
        deallocate_String_vector(v);
}

static void created(int rc, const char *path, const struct Stat *s, const void *ctx) {
    char what[200];
    snprintf(what, sizeof(what), "acreate2 %s", path ? path : "");
    say(what, rc, s);
    count(&answered);
}

static void finished(int rc, const void *ctx) {
    printf("%s: %d\n", (const char *)ctx, rc);
    count(&answered);
}

static void synced(int rc, const char *path, const void *ctx) {
    printf("sync %s: %d\n", path ? path : "", rc);
    count(&answered);
}

static zhandle_t *start(const char *server, const clientid_t *id, int flags) {
    connected = 0;
    zhandle_t *zh = zookeeper_init(server, session, 4000, id, NULL, flags);
    if (!zh) {
        printf("no handle\n");
        exit(1);
    }
    return zh;
}

static void told_of(const char *what, int n) {
    until(what, &told, n);
    pthread_mutex_lock(&mutex);
    printf("%s:%s\n", what, events);
    told = 0;
    events[0] = 0;
    pthread_mutex_unlock(&mutex);
}

static void multi(zhandle_t *zh) {
    zoo_op_t ops[4];
    zoo_op_result_t results[4];
    char path[100], path2[100];
    struct Stat s;
    zoo_create_op_init(&ops[0], "/cc/m", "1", 1, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof(path));
    zoo_set_op_init(&ops[1], "/cc/m", "22", 2, 0, &s);
    zoo_check_op_init(&ops[2], "/cc/m", 1);
    zoo_create_op_init(&ops[3], "/cc/m/s-", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_SEQUENCE, path2, sizeof(path2));
    say("multi", zoo_multi(zh, 4, ops, results), &s);
    printf("paths %s %s\n", path, path2);
    zoo_delete_op_init(&ops[0], "/cc/m/s-0000000000", -1);
    zoo_check_op_init(&ops[1], "/cc/m", 7);
    zoo_delete_op_init(&ops[2], "/cc/none", -1);
    int rc = zoo_multi(zh, 3, ops, results);
    printf("a multi that fails: %d %d %d %d\n", rc, results[0].err, results[1].err, results[2].err);
}

static void watches(zhandle_t *zh, zhandle_t *other) {
    struct Stat s;
    struct String_vector v;
    char buf[10];
    int len = sizeof(buf);
    say("wexists", zoo_wexists(zh, "/cc/w", watch, "exists", &s), NULL);
    zoo_create(other, "/cc/w", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
    told_of("created", 1);
    zoo_wget(zh, "/cc/w", watch, "get", buf, &len, &s);
    zoo_wget_children(zh, "/cc/w", watch, "children", &v);
    zoo_set(other, "/cc/w", "x", 1, -1);
    told_of("changed", 1);
    zoo_create(other, "/cc/w/x", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
    told_of("children", 1);
    len = sizeof(buf);
    zoo_wget(zh, "/cc/w", watch, "get", buf, &len, &s);
    say("remove watches", zoo_remove_watches(zh, "/cc/w", ZWATCHTYPE_DATA, watch, "get", 0), NULL);
    say("again", zoo_remove_watches(zh, "/cc/w", ZWATCHTYPE_DATA, watch, "get", 0), NULL);
    len = sizeof(buf);
    zoo_wget(zh, "/cc/w", watch, "get", buf, &len, &s);
    say("remove all", zoo_remove_all_watches(zh, "/cc/w", ZWATCHTYPE_ANY, 0), NULL);
    told = 0; /* this client may tell of it, or not */
    events[0] = 0;
    zoo_wget_children(zh, "/cc/w", watch, "children", &v);
    zoo_delete(other, "/cc/w/x", -1);
    zoo_delete(other, "/cc/w", -1);
    told_of("deleted", 1);
}

static void acls(zhandle_t *zh, zhandle_t *other) {
    struct ACL_vector acl;
    struct Stat s;
    char buf[10];
    int len = sizeof(buf);
    zoo_add_auth(zh, "digest", "ann:secret", 10, finished, "auth");
    until("auth", &answered, 3);
    say("hers", zoo_create(zh, "/cc/hers", "h", 1, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0), NULL);
    say("of another", zoo_get(other, "/cc/hers", 0, buf, &len, &s), NULL);
    int rc = zoo_get_acl(zh, "/cc/hers", &acl, &s);
    say("ACL", rc, &s);
    printf("%s:%s:%d\n", acl.data[0].id.scheme, acl.data[0].id.id, acl.data[0].perms);
    deallocate_ACL_vector(&acl);
    say("set ACL", zoo_set_acl(zh, "/cc/hers", 7, &ZOO_OPEN_ACL_UNSAFE), NULL);
    say("set ACL", zoo_set_acl(zh, "/cc/hers", 0, &ZOO_OPEN_ACL_UNSAFE), NULL);
    say("no auth", zoo_create(other, "/cc/x", "", 0, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0), NULL);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    zoo_set_debug_level(0);
    zhandle_t *zh = start(argv[1], NULL, 0);
    until("connected", &connected, 1);
    zhandle_t *other = start(argv[1], NULL, 0);
    until("connected", &connected, 1);
    struct Stat s;
    struct String_vector v;
    char buf[2000], name[100];
    int len = sizeof(buf);
    say("create2", zoo_create2(zh, "/cc", "one", 3, &ZOO_OPEN_ACL_UNSAFE, 0, name, sizeof(name), &s), &s);
    say("TTL", zoo_create2_ttl(zh, "/cc/t", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL_WITH_TTL, 60000, name, sizeof(name), &s), &s);
    printf("%s\n", name);
    say("container", zoo_create(zh, "/cc/box", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_CONTAINER, NULL, 0), NULL);
    say("again", zoo_create(zh, "/cc", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), NULL);
    say("no parent", zoo_create(zh, "/none/c", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), NULL);
    say("set2", zoo_set2(zh, "/cc", "two", 3, 0, &s), &s);
    say("set", zoo_set(zh, "/cc", "three", 5, 0), NULL);
    say("get", zoo_get(zh, "/cc", 0, buf, &len, &s), &s);
    printf("%.*s\n", len, buf);
    len = sizeof(buf);
    say("null", zoo_get(zh, "/cc/box", 0, buf, &len, &s), &s);
    printf("length %d\n", len);
    len = sizeof(buf);
    say("config", zoo_getconfig(zh, 0, buf, &len, &s), &s);
    len = sizeof(buf);
    say("reconfig", zoo_reconfig(zh, "server.2=localhost:1:2;3", NULL, NULL, -1, buf, &len, &s), NULL);
    zoo_acreate2(zh, "/cc/a", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, created, NULL);
    zoo_async(zh, "/cc", synced, NULL);
    until("answers", &answered, 2);
    strings("children", zoo_get_children2(zh, "/cc", 0, &v, &s), &v);
    say("ephemeral", zoo_exists(other, "/cc/a", 0, &s), &s);
    say("below an ephemeral", zoo_create(zh, "/cc/a/x", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), NULL);
    multi(zh);
    watches(zh, other);
    acls(zh, other);

    /* Another handle goes on with the session; the server closes the connection of
       the first. */
    clientid_t id = *zoo_client_id(zh);
    clientid_t wrong = id;
    wrong.passwd[3] ^= 1;
    zhandle_t *no = start(argv[1], &wrong, 0);
    until("a wrong password is refused", &expired, 1);
    printf("refused: %d\n", zoo_state(no) == ZOO_EXPIRED_SESSION_STATE);
    zookeeper_close(no);
    zhandle_t *again = start(argv[1], &id, 0);
    until("attached", &connected, 1);
    printf("attached: %d\n", zoo_client_id(again)->client_id == id.client_id);
    zhandle_t *ro = start(argv[1], NULL, ZOO_READONLY);
    until("read-only client", &connected, 1);
    say("read-only client", zoo_exists(ro, "/cc", 0, &s), NULL);
    printf("timeout %d\n", zoo_recv_timeout(ro));
    zookeeper_close(ro);
    zoo_set_watcher(other, NULL);
    say("delete with children", zoo_delete(other, "/cc", -1), NULL);
    say("close", zookeeper_close(other), NULL);
    printf("done\n");
    fflush(stdout);
    _exit(0); /* the two handles of one session take it from each other */
}
