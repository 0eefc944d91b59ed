BEGIN TRANSACTION;
CREATE TABLE dataset (
	id INTEGER NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_dataset PRIMARY KEY (id), 
	CONSTRAINT uq_dataset_name UNIQUE (name)
);
INSERT INTO "dataset" VALUES(1,'orders','2026-01-01 12:30:00.000000');
INSERT INTO "dataset" VALUES(2,'items','2026-01-02 12:30:00.000000');
INSERT INTO "dataset" VALUES(3,'Größe','2026-01-04 12:30:00.000000');
CREATE TABLE registry (
	id INTEGER NOT NULL CONSTRAINT ck_registry_one_row CHECK (id = 1), 
	schema_version INTEGER NOT NULL, 
	CONSTRAINT pk_registry PRIMARY KEY (id)
);
INSERT INTO "registry" VALUES(1,1);
CREATE TABLE sketch (
	"key" VARCHAR(64) NOT NULL, 
	rows BIGINT NOT NULL, 
	digest TEXT NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_sketch PRIMARY KEY ("key")
);
INSERT INTO "sketch" VALUES('f09e99b6080769a6c02b77cb224b966b8642d2206e04f6a8fc36e3360b4d6290',0,'digest 0',X'736B657463682030');
INSERT INTO "sketch" VALUES('791adeed3979ef19fef0ad50c03916bd4ada895cca2ef3a1b4fa78f80d83626e',1,'digest 1',X'736B657463682031');
INSERT INTO "sketch" VALUES('a1fdd2112ade27fe37d00300dc57d7a3441c66467aa7a25009b9cc8f4b0620f2',2,'digest 2',X'736B657463682032');
INSERT INTO "sketch" VALUES('ffc572adc012ef28aca8831d4d14daa9862189156212b00ec078880ebca2a538',3,'digest 3',X'736B657463682033');
CREATE TABLE snapshot (
	id INTEGER NOT NULL, 
	dataset_id INTEGER NOT NULL, 
	number INTEGER NOT NULL CONSTRAINT ck_snapshot_number CHECK (number >= 1), 
	taken_at DATETIME NOT NULL, 
	sketch_key VARCHAR(64) NOT NULL, 
	source TEXT NOT NULL, 
	status TEXT NOT NULL, 
	verdict TEXT, 
	previous INTEGER, 
	run_id TEXT NOT NULL, 
	program_version TEXT NOT NULL, 
	report TEXT, 
	CONSTRAINT pk_snapshot PRIMARY KEY (id), 
	CONSTRAINT uq_snapshot_dataset_id_number UNIQUE (dataset_id, number), 
	CONSTRAINT fk_snapshot_dataset_id FOREIGN KEY(dataset_id) REFERENCES dataset (id), 
	CONSTRAINT fk_snapshot_sketch_key FOREIGN KEY(sketch_key) REFERENCES sketch ("key"), 
	CONSTRAINT uq_snapshot_run_id UNIQUE (run_id)
);
INSERT INTO "snapshot" VALUES(1,1,1,'2026-01-01 12:30:00.000000','f09e99b6080769a6c02b77cb224b966b8642d2206e04f6a8fc36e3360b4d6290','orders.csv','new',NULL,NULL,'run 0','0.1.0','{"number": 0}');
INSERT INTO "snapshot" VALUES(2,2,1,'2026-01-02 12:30:00.000000','791adeed3979ef19fef0ad50c03916bd4ada895cca2ef3a1b4fa78f80d83626e','items.csv','new',NULL,NULL,'run 1','0.1.0','{"number": 1}');
INSERT INTO "snapshot" VALUES(3,1,2,'2026-01-03 12:30:00.000000','a1fdd2112ade27fe37d00300dc57d7a3441c66467aa7a25009b9cc8f4b0620f2','orders.csv','modified','modified',1,'run 2','0.1.0','{"number": 2}');
INSERT INTO "snapshot" VALUES(4,3,1,'2026-01-04 12:30:00.000000','ffc572adc012ef28aca8831d4d14daa9862189156212b00ec078880ebca2a538','Größe.csv','new',NULL,NULL,'run 3','0.1.0','{"number": 3}');
INSERT INTO "snapshot" VALUES(5,1,3,'2026-01-05 12:30:00.000000','f09e99b6080769a6c02b77cb224b966b8642d2206e04f6a8fc36e3360b4d6290','orders.csv','modified','modified',2,'run 4','0.1.0','{"number": 4}');
CREATE TABLE validation (
	snapshot_id INTEGER NOT NULL, 
	result TEXT NOT NULL, 
	CONSTRAINT pk_validation PRIMARY KEY (snapshot_id), 
	CONSTRAINT fk_validation_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshot (id)
);
INSERT INTO "validation" VALUES(2,'{"success": true}');
INSERT INTO "validation" VALUES(4,'{"success": true}');
CREATE INDEX ix_sketch_digest ON sketch (digest);
CREATE INDEX ix_snapshot_sketch_key ON snapshot (sketch_key);
COMMIT;
