# Twin of reject/d4-rex-on-pause.s, without the fault.
function f
        .byte 0xf3,0x90
        ret
end f
