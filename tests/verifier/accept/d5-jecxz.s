# Twin of reject/d5-jecxz.s, without the fault.
function f
        .byte 0xe3,0x00
        ret
end f
