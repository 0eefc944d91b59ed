CREATE TABLE dataset (
    id integer NOT NULL,
    name character varying(200) NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE dataset_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE dataset_id_seq OWNED BY dataset.id;
CREATE TABLE registry (
    id integer NOT NULL,
    schema_version integer NOT NULL,
    CONSTRAINT ck_registry_one_row CHECK ((id = 1))
);
CREATE TABLE sketch (
    key character varying(64) NOT NULL,
    rows bigint NOT NULL,
    digest text NOT NULL,
    content bytea NOT NULL
);
CREATE TABLE snapshot (
    id integer NOT NULL,
    dataset_id integer NOT NULL,
    number integer NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    sketch_key character varying(64) NOT NULL,
    source text NOT NULL,
    status text NOT NULL,
    verdict text,
    previous integer,
    run_id text NOT NULL,
    program_version text NOT NULL,
    report text,
    CONSTRAINT ck_snapshot_number CHECK ((number >= 1))
);
CREATE SEQUENCE snapshot_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE snapshot_id_seq OWNED BY snapshot.id;
CREATE TABLE validation (
    snapshot_id integer NOT NULL,
    result text NOT NULL
);
ALTER TABLE ONLY dataset ALTER COLUMN id SET DEFAULT nextval('dataset_id_seq'::regclass);
ALTER TABLE ONLY snapshot ALTER COLUMN id SET DEFAULT nextval('snapshot_id_seq'::regclass);
INSERT INTO dataset VALUES (1, 'orders', '2026-01-01 12:30:00+00');
INSERT INTO dataset VALUES (2, 'items', '2026-01-02 12:30:00+00');
INSERT INTO dataset VALUES (4, 'Größe', '2026-01-04 12:30:00+00');
INSERT INTO registry VALUES (1, 1);
INSERT INTO sketch VALUES ('f09e99b6080769a6c02b77cb224b966b8642d2206e04f6a8fc36e3360b4d6290', 0, 'digest 0', '\x736b657463682030');
INSERT INTO sketch VALUES ('791adeed3979ef19fef0ad50c03916bd4ada895cca2ef3a1b4fa78f80d83626e', 1, 'digest 1', '\x736b657463682031');
INSERT INTO sketch VALUES ('a1fdd2112ade27fe37d00300dc57d7a3441c66467aa7a25009b9cc8f4b0620f2', 2, 'digest 2', '\x736b657463682032');
INSERT INTO sketch VALUES ('ffc572adc012ef28aca8831d4d14daa9862189156212b00ec078880ebca2a538', 3, 'digest 3', '\x736b657463682033');
INSERT INTO snapshot VALUES (1, 1, 1, '2026-01-01 12:30:00+00', 'f09e99b6080769a6c02b77cb224b966b8642d2206e04f6a8fc36e3360b4d6290', 'orders.csv', 'new', NULL, NULL, 'run 0', '0.1.0', '{"number": 0}');
INSERT INTO snapshot VALUES (2, 2, 1, '2026-01-02 12:30:00+00', '791adeed3979ef19fef0ad50c03916bd4ada895cca2ef3a1b4fa78f80d83626e', 'items.csv', 'new', NULL, NULL, 'run 1', '0.1.0', '{"number": 1}');
INSERT INTO snapshot VALUES (3, 1, 2, '2026-01-03 12:30:00+00', 'a1fdd2112ade27fe37d00300dc57d7a3441c66467aa7a25009b9cc8f4b0620f2', 'orders.csv', 'modified', 'modified', 1, 'run 2', '0.1.0', '{"number": 2}');
INSERT INTO snapshot VALUES (4, 4, 1, '2026-01-04 12:30:00+00', 'ffc572adc012ef28aca8831d4d14daa9862189156212b00ec078880ebca2a538', 'Größe.csv', 'new', NULL, NULL, 'run 3', '0.1.0', '{"number": 3}');
INSERT INTO snapshot VALUES (5, 1, 3, '2026-01-05 12:30:00+00', 'f09e99b6080769a6c02b77cb224b966b8642d2206e04f6a8fc36e3360b4d6290', 'orders.csv', 'modified', 'modified', 2, 'run 4', '0.1.0', '{"number": 4}');
INSERT INTO validation VALUES (2, '{"success": true}');
INSERT INTO validation VALUES (4, '{"success": true}');
SELECT pg_catalog.setval('dataset_id_seq', 5, true);
SELECT pg_catalog.setval('snapshot_id_seq', 5, true);
ALTER TABLE ONLY dataset
    ADD CONSTRAINT pk_dataset PRIMARY KEY (id);
ALTER TABLE ONLY registry
    ADD CONSTRAINT pk_registry PRIMARY KEY (id);
ALTER TABLE ONLY sketch
    ADD CONSTRAINT pk_sketch PRIMARY KEY (key);
ALTER TABLE ONLY snapshot
    ADD CONSTRAINT pk_snapshot PRIMARY KEY (id);
ALTER TABLE ONLY validation
    ADD CONSTRAINT pk_validation PRIMARY KEY (snapshot_id);
ALTER TABLE ONLY dataset
    ADD CONSTRAINT uq_dataset_name UNIQUE (name);
ALTER TABLE ONLY snapshot
    ADD CONSTRAINT uq_snapshot_dataset_id_number UNIQUE (dataset_id, number);
ALTER TABLE ONLY snapshot
    ADD CONSTRAINT uq_snapshot_run_id UNIQUE (run_id);
CREATE INDEX ix_sketch_digest ON sketch USING btree (digest);
CREATE INDEX ix_snapshot_sketch_key ON snapshot USING btree (sketch_key);
ALTER TABLE ONLY snapshot
    ADD CONSTRAINT fk_snapshot_dataset_id FOREIGN KEY (dataset_id) REFERENCES dataset(id);
ALTER TABLE ONLY snapshot
    ADD CONSTRAINT fk_snapshot_sketch_key FOREIGN KEY (sketch_key) REFERENCES sketch(key);
ALTER TABLE ONLY validation
    ADD CONSTRAINT fk_validation_snapshot_id FOREIGN KEY (snapshot_id) REFERENCES snapshot(id);
