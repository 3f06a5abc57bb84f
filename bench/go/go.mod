module beat-bench

go 1.22

require github.com/uniyakcom/beat v1.1.2
