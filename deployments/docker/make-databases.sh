#!/bin/sh
# Run once by the image of PostgreSQL, when its volume is still empty: a database and an owner for Prefect, and for the registry.
set -eu

for name in prefect sameset; do
    # psql quotes what it is given as a variable, whatever signs it holds.
    psql --set ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname postgres \
        --set name="$name" --set password="$(cat "${SECRETS_FOLDER:-/run/secrets}/${name}_database_password")" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke connect on database :"name" from public;
SQL
done
