# Twin of reject/m5-repeated-string-in-a-block.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        movb %fs:(%esi), %al
        ret
end f
