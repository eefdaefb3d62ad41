# job.sh COUNT: a job started in a running container, whose output goes where that of PID 1 goes.
i=0
while [ "$i" -lt "$1" ]; do
	cat /sync/payload >/proc/1/fd/1
	i=$((i + 1))
done
