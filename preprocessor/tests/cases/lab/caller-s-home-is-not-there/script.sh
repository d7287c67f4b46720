cat @HOME@/.ssh/id_test 2>&1 | sed 's/.*: //'
(: >@HOME@/cache/twin) 2>&1 | sed 's/.*: //'
(: >@HOME@/repository/twin) 2>&1 | sed 's/.*: //'
ls -A /home
ls -A ~ | wc -l
