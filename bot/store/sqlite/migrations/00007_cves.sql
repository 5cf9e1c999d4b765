-- +goose Up

-- What catalogues say of vulnerabilities.
CREATE TABLE cves (
    id   INTEGER PRIMARY KEY, -- its year, then its number in eight digits
    cvss INTEGER NOT NULL,    -- in tenths; 0 if not known
    epss INTEGER NOT NULL,    -- in hundred-thousandths; 0 if not known
    kev  INTEGER NOT NULL     -- 1 if known to be exploited
) STRICT;

-- +goose Down
DROP TABLE cves;
