# Twin of reject/m2-last-byte-of-the-return-address.s, without the fault.
function f 8
        movb %cl, 8(%rsp)
        ret
end f
