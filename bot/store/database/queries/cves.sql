-- name: Facts
SELECT id, cvss, epss, kev FROM cves ORDER BY id;

-- name: PutCVSS
INSERT INTO cves (id, cvss, epss, kev) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET cvss = excluded.cvss;

-- name: PutEPSS
INSERT INTO cves (id, cvss, epss, kev) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET epss = excluded.epss;

-- name: PutKEV
INSERT INTO cves (id, cvss, epss, kev) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET kev = excluded.kev;

-- name: DropFact
DELETE FROM cves WHERE id = $1 AND cvss = 0 AND epss = 0 AND NOT kev;
