# shellcheck shell=bash
#
# The demo's Kafka broker: jars from Maven Central as deploy/kafka/pom.xml pins
# them, kept in build/kafka, one KRaft node with its data in RUN_DIR/kafka.

KAFKA_JARS=$ROOT/build/kafka
# The classes of a running broker as Java keeps them in memory: with it a broker starts in half the processor time.
# Java passes it over when it is another Java's or was made for another folder.
KAFKA_CLASSES=$KAFKA_JARS/classes.jsa
KAFKA_FLAGS=(-XX:SharedArchiveFile="$KAFKA_CLASSES")

kafka_is_there() {
    cmp -s "$ROOT/deploy/kafka/pom.xml" "$KAFKA_JARS/pom.xml"
}

# Fetches the jars unless the ones there are those the pom asks for. One at a time: two products may start at once.
fetch_kafka() {
    local lock
    ! { kafka_is_there && [[ -e $KAFKA_CLASSES ]]; } || return 0
    mkdir -p "${KAFKA_JARS%/*}"
    exec {lock}>"$KAFKA_JARS.lock"
    flock -w 900 "$lock" || die "somebody else has been fetching Kafka for a quarter of an hour"
    kafka_is_there || fetch_kafka_jars
    [[ -e $KAFKA_CLASSES ]] || (rehearse_kafka) || say "Kafka's classes could not be archived; it starts all the same, but slower"
    exec {lock}>&-
}

# A broker that lives for a moment, far from everybody, and leaves the archive of its classes.
rehearse_kafka() {
    RUN_DIR=$KAFKA_JARS.rehearsal
    PORT_BASE=$((PORT_BASE + 2))
    rm -rf "$RUN_DIR"
    mkdir -p "$RUN_DIR"/{log,pids,started}
    trap 'stop_process kafka KILL 5; rm -rf "$RUN_DIR"' EXIT
    prepare_kafka || return 1
    KAFKA_FLAGS=(-XX:ArchiveClassesAtExit="$RUN_DIR/classes.jsa")
    start_kafka || return 1
    stop_process kafka TERM 60
    mv "$RUN_DIR/classes.jsa" "$KAFKA_CLASSES"
}

fetch_kafka_jars() {
    local pom=$ROOT/deploy/kafka/pom.xml half=$KAFKA_JARS.$$
    say "fetching Kafka $(sed -n 's/.*<kafka.version>\(.*\)<.*/\1/p' "$pom") from Maven Central"
    rm -rf "$half"
    mkdir -p "$half"
    # Maven's Java must leave nothing in /tmp.
    if ! MAVEN_OPTS="${MAVEN_OPTS:-} -XX:-UsePerfData" timeout 600 mvn -q -B -f "$pom" dependency:copy-dependencies \
        -DoutputDirectory="$half" -DincludeScope=runtime >"$half.log" 2>&1; then
        tail -n 15 "$half.log" >&2
        rm -rf "$half" "$half.log"
        die "could not fetch Kafka's jars from Maven Central"
    fi
    cp "$pom" "$half/pom.xml"
    rm -rf "$KAFKA_JARS" "$half.log"
    mv -T "$half" "$KAFKA_JARS"
}

kafka_java() {
    local program=$1
    shift
    # The star is Java's own: the shell must not see it. Nothing of Java's is to land in /tmp.
    KAFKA_COMMAND=(env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 "$(type -P java)" -Xms128m -Xmx256m -XX:+UseSerialGC
        -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Djava.io.tmpdir="$RUN_DIR/kafka/tmp"
        -Dlog4j2.configurationFile="$ROOT/deploy/kafka/log4j2.properties" -Dkafka.logs.dir="$RUN_DIR/kafka/tmp"
        "${KAFKA_FLAGS[@]}" -Xlog:cds=off -Xlog:cds+dynamic=off -cp "$KAFKA_JARS/*" "$program" "$@")
}

write_kafka_properties() {
    local text
    text=$(<"$ROOT/deploy/kafka/server.properties.template")
    text=${text//@PORT@/$((PORT_BASE + 3))}
    text=${text//@CONTROLLER_PORT@/$((PORT_BASE + 4))}
    printf '%s\n' "${text//@DATA@/"$RUN_DIR/kafka/data"}" >"$RUN_DIR/kafka/server.properties"
}

format_kafka() {
    local id
    [[ ! -e $RUN_DIR/started/kafka.formatted ]] || return 0
    rm -rf "$RUN_DIR/kafka/data"
    id=A$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c2-22)
    kafka_java kafka.tools.StorageTool format -t "$id" -c "$RUN_DIR/kafka/server.properties" --standalone
    "${KAFKA_COMMAND[@]}" >>"$RUN_DIR/log/kafka.log" 2>&1 || {
        say "kafka: could not format its data directory" >&2
        show_log kafka
        return 1
    }
    : >"$RUN_DIR/started/kafka.formatted"
}

prepare_kafka() {
    mkdir -p "$RUN_DIR/kafka/tmp"
    write_kafka_properties
    format_kafka
}

start_kafka() {
    prepare_kafka || return 1
    kafka_java kafka.Kafka "$RUN_DIR/kafka/server.properties"
    spawn kafka "${KAFKA_COMMAND[@]}"
    wait_for kafka 40 "answer on port $((PORT_BASE + 3))" somebody_listens "$((PORT_BASE + 3))"
}
