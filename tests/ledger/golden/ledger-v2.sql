-- A ledger as schema version 2 left it: one run that ended, one that was killed. Plain enough for both databases.
CREATE TABLE reconcile_meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL);
CREATE TABLE reconcile_runs (
    id TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind TEXT NOT NULL,
    started_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    revision TEXT,
    plan_digest TEXT,
    plan_made_at TEXT,
    desired_digest TEXT,
    overrides TEXT NOT NULL,
    of_run TEXT,
    ended_at TEXT,
    ending TEXT,
    summary TEXT NOT NULL);
CREATE TABLE reconcile_changes (
    run TEXT NOT NULL REFERENCES reconcile_runs (id),
    tenant TEXT NOT NULL,
    code TEXT NOT NULL,
    action TEXT NOT NULL,
    name TEXT NOT NULL,
    cron TEXT NOT NULL,
    state TEXT NOT NULL,
    before TEXT NOT NULL,
    applied TEXT,
    result TEXT,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    saves INTEGER NOT NULL,
    after TEXT,
    settled TEXT,
    PRIMARY KEY (run, tenant, code));
CREATE TABLE reconcile_applied (
    environment TEXT NOT NULL,
    tenant TEXT NOT NULL,
    code TEXT NOT NULL,
    workspace TEXT NOT NULL,
    cron TEXT NOT NULL,
    name TEXT NOT NULL,
    job_ids TEXT NOT NULL,
    run TEXT,
    revision TEXT,
    PRIMARY KEY (environment, tenant, code));
CREATE TABLE reconcile_holds (
    environment TEXT NOT NULL,
    tenant TEXT NOT NULL,
    code TEXT NOT NULL,
    workspace TEXT NOT NULL,
    name TEXT NOT NULL,
    cron TEXT NOT NULL,
    state TEXT NOT NULL,
    run TEXT NOT NULL,
    reason TEXT NOT NULL,
    placed_at TEXT NOT NULL,
    PRIMARY KEY (environment, tenant, code));
CREATE TABLE reconcile_locks (
    environment TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    workspace TEXT NOT NULL,
    run TEXT NOT NULL,
    actor TEXT NOT NULL,
    since TEXT NOT NULL,
    expires_at TEXT,
    backend INTEGER);
INSERT INTO reconcile_meta VALUES ('schema_version', '2');
INSERT INTO reconcile_runs VALUES ('20261125T120000Z-aaaaaa', 'shop', 'prod', 'apply', '2026-11-25T12:00:00.000000+00:00', 'wang@example.com', 'c0ffee', 'digest', '2026-11-25T11:00:00Z', 'wanted', '["--allow-changes 12"]', NULL, '2026-11-25T12:00:00.000000+00:00', 'finished', '{"verified":1}');
INSERT INTO reconcile_runs VALUES ('20261125T130000Z-bbbbbb', 'shop', 'prod', 'apply', '2026-11-25T13:00:00.000000+00:00', 'wang@example.com', 'c0ffee', NULL, NULL, NULL, '[]', NULL, NULL, NULL, '{}');
INSERT INTO reconcile_changes VALUES ('20261125T120000Z-aaaaaa', 'acme', '1', 'update', '订单同步', '0 0 2 * * ?', 'active', '[{"job_id":"100","cron":"0 0 * * * ?","status":"enable","active":true}]', NULL, 'verified', 'saved', 'saved and read back', 1, '[{"job_id":"100","cron":"0 0 2 * * ?","status":"enable","active":true}]', NULL);
INSERT INTO reconcile_changes VALUES ('20261125T120000Z-aaaaaa', 'acme', '2', 'update', '订单同步', '0 0 2 * * ?', 'active', '[{"job_id":"200","cron":"0 0 * * * ?","status":"enable","active":true}]', NULL, 'unknown', 'lost-reply', 'no reply', 1, '[{"job_id":"200","cron":"0 0 2 * * ?","status":"enable","active":true}]', NULL);
INSERT INTO reconcile_changes VALUES ('20261125T130000Z-bbbbbb', 'acme', '4', 'update', '订单同步', '0 0 2 * * ?', 'active', '[{"job_id":"400","cron":"0 0 * * * ?","status":"enable","active":true}]', NULL, NULL, '', '', 0, NULL, NULL);
INSERT INTO reconcile_applied VALUES ('prod', 'acme', '1', 'shop', '0 0 2 * * ?', '订单同步', '["100"]', '20261125T120000Z-aaaaaa', 'c0ffee');
INSERT INTO reconcile_applied VALUES ('prod', 'globex', '9', 'billing', '0 0 1 * * ?', '对账', '["900"]', NULL, NULL);
INSERT INTO reconcile_holds VALUES ('prod', 'acme', '3', 'shop', '订单同步', '0 0 2 * * ?', 'active', '20261125T120000Z-aaaaaa', 'rolled back', '2026-11-25T12:00:00.000000+00:00');
CREATE INDEX reconcile_changes_open ON reconcile_changes (run)
    WHERE settled IS NULL AND (result IS NULL OR result = 'unknown');
CREATE INDEX reconcile_runs_newest ON reconcile_runs (workspace, environment, started_at);
