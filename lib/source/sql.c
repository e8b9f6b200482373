#include <errno.h>
#include <string.h>

#include "sql.h"
#include "../base/buf.h"
#include "../base/mem.h"
#include "version.h"

#ifdef HAVE_SQLITE3
#include <sqlite3.h>

#ifdef TASTE_STATIC
/* What SQLite's dlopen is linked to (Makefile): we never ask for extensions, and a static program could not load one. */
void *__wrap_dlopen(const char *path, int mode);
void *__wrap_dlopen(const char *path, int mode) { (void)path, (void)mode; return NULL; }
#endif

enum { COLUMNS_MAX = 32 };

struct sql {
	sqlite3 *db;
	sqlite3_stmt *stmt;
	char *name;
	struct str field[COLUMNS_MAX];
	uint64_t row;
	struct err err;			/* what sql_has and sql_any met */
};

/* code_now - is it the system that said no, or the file that is not sound? A read that fails with EIO is damage to SQLite, but the descriptor knows better. */
static enum err_code code_now(struct sql *q)
{
	int no = 0;

	switch (q->db ? sqlite3_errcode(q->db) : SQLITE_NOMEM) {
	case SQLITE_NOMEM:
		return ERR_MEM;
	case SQLITE_IOERR: case SQLITE_CANTOPEN: case SQLITE_FULL: case SQLITE_PERM: case SQLITE_READONLY: case SQLITE_BUSY: case SQLITE_LOCKED:
		return ERR_SYS;
	case SQLITE_CORRUPT:
		return sqlite3_file_control(q->db, NULL, SQLITE_FCNTL_LAST_ERRNO, &no) == SQLITE_OK && no == EIO ? ERR_SYS : ERR_DATA;
	default:
		return ERR_DATA;
	}
}

static int fail(struct sql *q, struct err *e)
{
	return err_set(e, code_now(q), "%s: SQLite says: %s", q->name, q->db ? sqlite3_errmsg(q->db) : "no memory");
}

/* try_open - as it is, or as a file that nobody changes. */
static bool try_open(struct sql *q, bool is_immutable)
{
	static const char setup[] = "pragma query_only = 1; pragma trusted_schema = 0; pragma cell_size_check = 1; begin; select 1 from sqlite_schema";
	struct buf uri = { 0 };

	buf_puts(&uri, "file:");
	for (const char *p = q->name + (!strncmp(q->name, "//", 2)); *p; p++)	/* what follows two slashes would be a host */
		buf_printf(&uri, strchr("%?#", *p) ? "%%%02x" : "%c", (unsigned char)*p);
	buf_puts(&uri, is_immutable ? "?mode=ro&immutable=1" : "?mode=ro");
	sqlite3_close(q->db);
	bool ok = sqlite3_open_v2(uri.p, &q->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL) == SQLITE_OK;
	buf_release(&uri);
	if (!ok)
		return false;
	sqlite3_db_config(q->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_busy_timeout(q->db, 5000);
	return sqlite3_exec(q->db, setup, NULL, NULL, NULL) == SQLITE_OK;
}

struct sql *sql_open(const char *path, struct err *e)
{
	struct sql *q = mem_new(1, sizeof *q);

	q->name = mem_strdup(path);
	if (!try_open(q, false) && !(sqlite3_errcode(q->db) == SQLITE_CANTOPEN && try_open(q, true))) {
		fail(q, e);
		sql_close(q);
		return NULL;
	}
	return q;
}

void sql_close(struct sql *q)
{
	if (!q)
		return;
	sqlite3_finalize(q->stmt);
	sqlite3_close(q->db);
	mem_free(q->name);
	mem_free(q);
}

/* has_row - step t, which was prepared and bound with r, once, and end it. */
static bool has_row(struct sql *q, sqlite3_stmt *t, int r)
{
	if (r == SQLITE_OK)
		r = sqlite3_step(t);
	if (r != SQLITE_ROW && r != SQLITE_DONE)
		fail(q, &q->err);
	sqlite3_finalize(t);
	return r == SQLITE_ROW;
}

bool sql_has(struct sql *q, const char *table, const char *column)
{
	static const char query[] = "select 1 from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table' and m.name = ?1 and (?2 is null or c.name = ?2)";
	sqlite3_stmt *t;
	int r = sqlite3_prepare_v2(q->db, query, -1, &t, NULL);

	if (r == SQLITE_OK)
		r = sqlite3_bind_text(t, 1, table, -1, SQLITE_STATIC);
	if (r == SQLITE_OK && column)
		r = sqlite3_bind_text(t, 2, column, -1, SQLITE_STATIC);
	return has_row(q, t, r);
}

bool sql_any(struct sql *q, const char *query)
{
	sqlite3_stmt *t;
	int r = sqlite3_prepare_v2(q->db, query, -1, &t, NULL);

	return has_row(q, t, r);
}

int sql_error(const struct sql *q, struct err *e)
{
	return q->err.code ? err_set(e, q->err.code, "%s", q->err.msg) : 0;
}

int sql_query(struct sql *q, const char *query, struct err *e)
{
	sqlite3_finalize(q->stmt);
	q->stmt = NULL;
	q->row = 0;
	if (q->err.code)
		return sql_error(q, e);
	return sqlite3_prepare_v2(q->db, query, -1, &q->stmt, NULL) == SQLITE_OK ? 0 : fail(q, e);
}

int sql_next(struct sql *q, const struct str **field, size_t *n, struct err *e)
{
	int r = sqlite3_step(q->stmt), columns = sqlite3_column_count(q->stmt);

	if (r == SQLITE_DONE)
		return 0;
	if (r != SQLITE_ROW || columns > COLUMNS_MAX)
		return fail(q, e);
	q->row++;
	for (int i = 0; i < columns; i++) {
		const char *p = (const char *)sqlite3_column_text(q->stmt, i);
		if (!p && sqlite3_errcode(q->db) == SQLITE_NOMEM)
			return fail(q, e);
		q->field[i] = (struct str){ p ? p : "", p ? (size_t)sqlite3_column_bytes(q->stmt, i) : 0 };
	}
	*field = q->field;
	*n = (size_t)columns;
	return 1;
}

uint64_t sql_row(const struct sql *q) { return q->row; }

#else

struct sql *sql_open(const char *path, struct err *e)
{
	err_set(e, ERR_USAGE, "%s: this build has no SQLite", path);
	return NULL;
}

void sql_close(struct sql *q) { (void)q; }
bool sql_any(struct sql *q, const char *query) { return (void)q, (void)query, false; }
int sql_error(const struct sql *q, struct err *e) { return (void)q, (void)e, 0; }
bool sql_has(struct sql *q, const char *table, const char *column) { return (void)q, (void)table, (void)column, false; }
int sql_query(struct sql *q, const char *query, struct err *e) { return (void)q, (void)query, err_set(e, ERR_USAGE, "this build has no SQLite"); }
int sql_next(struct sql *q, const struct str **field, size_t *n, struct err *e) { return (void)q, (void)field, (void)n, err_set(e, ERR_USAGE, "this build has no SQLite"); }
uint64_t sql_row(const struct sql *q) { return (void)q, 0; }

#endif
