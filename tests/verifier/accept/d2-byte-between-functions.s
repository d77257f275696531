# Twin of reject/d2-byte-between-functions.s, without the fault.
function f
        ret
end f
        .byte 0xcc
function g
        ret
end g
