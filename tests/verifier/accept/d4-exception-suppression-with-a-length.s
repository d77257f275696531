# Twin of reject/d4-exception-suppression-with-a-length.s, without the fault.
function f
        .byte 0x62,0xf1,0x74,0x18,0x5f,0xc0
        ret
end f
