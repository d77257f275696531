# Twin of reject/d5-undocumented-test.s, without the fault.
function f
        .byte 0xf6,0xc0,0x01
        ret
end f
