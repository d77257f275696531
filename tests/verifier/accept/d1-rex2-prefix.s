# Twin of reject/d1-rex2-prefix.s, without the fault.
function f
        .byte 0x48,0x89,0xc8
        ret
end f
