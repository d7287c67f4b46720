cat @HOME@/.ssh/id_test 2>&1 | sed 's/.*: //'
ls -A /home
ls -A ~ | wc -l
