# Twin of reject/d3-rex-between-prefix-and-vex.s, without the fault.
function f
        .byte 0x90
        ret
end f
