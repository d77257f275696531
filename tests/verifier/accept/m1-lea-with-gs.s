# Twin of reject/m1-lea-with-gs.s, without the fault.
function f
        .byte 0x8d,0x08
        ret
end f
